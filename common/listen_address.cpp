#include "common/listen_address.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>

#include "common/endpoint.hpp"
#include "common/error.hpp"

namespace mailboat {
namespace {

constexpr int waiting_connections = 16;

std::string printed(std::string_view host, std::string_view port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  return (is_ipv6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::string(port);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[noreturn]] void fail(const ListenAddress& address, const std::string& why) {
  throw ConfigurationError("cannot listen on " + printed(address.host, address.port) + ": " + why +
                           ". Give another address with --metrics-listen, or stop what has it");
}

Addresses resolve(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error != 0) fail(address, ::gai_strerror(error));
  return {found, &freeaddrinfo};
}

// A port whose connections of before are still winding down can be had again. Source: socket(7).
FileDescriptor try_to_listen(const addrinfo& at) {
  FileDescriptor socket(
      ::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at.ai_protocol));
  if (socket.get() < 0) return {};
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listens = ::bind(socket.get(), at.ai_addr, at.ai_addrlen) == 0 &&
                       ::listen(socket.get(), waiting_connections) == 0;
  return listens ? std::move(socket) : FileDescriptor();
}

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && colon > 0 && is_port(text.substr(colon + 1))) {
    auto host = text.substr(0, colon);
    const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (has_brackets) host = host.substr(1, host.size() - 2);
    if (has_brackets || std::none_of(host.begin(), host.end(), [](char c) { return c == ':' || c == '/'; }))
      return {std::string(host), std::string(text.substr(colon + 1))};
  }
  throw InvalidInput("not an address: '" + std::string(text) +
                     "' (expected HOST:PORT, for example 127.0.0.1:9657)");
}

void require_listen_address(std::string_view text) {
  if (!text.empty()) static_cast<void>(parse_listen_address(text));
}

FileDescriptor listen_at(const ListenAddress& address) {
  const auto addresses = resolve(address);
  int error = 0;
  for (const auto* at = addresses.get(); at != nullptr; at = at->ai_next) {
    if (auto socket = try_to_listen(*at); socket.get() >= 0) return socket;
    error = errno;
  }
  fail(address, std::generic_category().message(error));
}

std::string address_of(const FileDescriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket.get(), generic, &size) != 0 ||
      ::getnameinfo(generic, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) !=
          0) {
    return "?";
  }
  return printed(host, port);
}

}  // namespace mailboat
