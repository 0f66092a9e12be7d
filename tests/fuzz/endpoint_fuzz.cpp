#include <cstdlib>

#include "common/endpoint.hpp"
#include "common/error.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view endpoint(reinterpret_cast<const char*>(data), size);
  try {
    require_endpoint(endpoint);
  } catch (const InvalidInput&) {
    return 0;
  }
  bool refused = false;
  try {
    require_private_bind(endpoint, false);
  } catch (const ConfigurationError&) {
    refused = true;
  }
  if (refused == is_loopback(endpoint)) std::abort();
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"tcp://127.0.0.1:5657",
          "tcp://[::1]:65535",
          "tcp://localhost:*",
          "tcp://*:5657",
          "tcp://db.example.org:5657",
          "ipc:///run/mailboat/feed",
          "inproc://feed",
          "tcp://127.0.0.1.example.org:1"};
}
