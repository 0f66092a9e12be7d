#include <cstdlib>

#include "common/http.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view received(reinterpret_cast<const char*>(data), size);
  const auto head = complete_head(received);
  if (!head) return 0;
  const auto request = parse_request(*head);
  const auto& path = request.path;
  const bool is_path = path.starts_with('/') && path.find_first_of("?\r\n") == std::string::npos;
  if (!path.empty() && !is_path) std::abort();
  const auto begin = request.without_body ? "HEAD /" : "GET /";
  if (!path.empty() && !received.starts_with(begin)) std::abort();
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9657\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
          "GET /metrics?name[]=up HTTP/1.1\r\nHost: [::1]:9657\r\n\r\n",
          "HEAD /readyz HTTP/1.1\r\n\r\n",
          "GET /healthz HTTP/1.0\n\n",
          "POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nx=1",
          "\x16\x03\x01\x02 tls\r\n\r\n"};
}
