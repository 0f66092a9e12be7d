#include "tests/support/raw_tcp.hpp"

#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

sockaddr_in address_of(const std::string& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  return address;
}

}  // namespace

RawTcp::RawTcp(const std::string& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto address = address_of(endpoint);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot connect to " + endpoint);
}

bool RawTcp::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count =
        ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

std::optional<std::string> RawTcp::read_to_end(std::chrono::milliseconds timeout) const {
  std::string text;
  const bool ended = eventually(
      [&] {
        char chunk[4096];
        while (true) {
          const auto count = ::recv(socket_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
          if (count == 0 || (count < 0 && errno == ECONNRESET)) return true;
          if (count < 0) return false;
          text.append(chunk, static_cast<std::size_t>(count));
        }
      },
      timeout);
  return ended ? std::optional(text) : std::nullopt;
}

}  // namespace mailboat::test
