#include "common/endpoint.hpp"

#include <charconv>
#include <optional>
#include <string>

#include "common/error.hpp"

namespace mailboat {
namespace {

constexpr std::string_view tcp = "tcp://";

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

std::optional<HostAndPort> split_tcp(std::string_view endpoint) {
  if (!endpoint.starts_with(tcp)) return std::nullopt;
  endpoint.remove_prefix(tcp.size());
  const auto colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return HostAndPort{endpoint.substr(0, colon), endpoint.substr(colon + 1)};
}

std::optional<unsigned> number(std::string_view text, unsigned largest) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > largest) return std::nullopt;
  return value;
}

// Exactly four decimal numbers, so that the name 127.0.0.1.example.org does not pass for an address.
bool is_ipv4_loopback(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  for (int part = 0; part < 4; ++part) {
    const auto dot = host.find('.');
    const bool last = part == 3;
    if (last != (dot == std::string_view::npos) || !number(host.substr(0, dot), 255)) return false;
    if (!last) host.remove_prefix(dot + 1);
  }
  return true;
}

}  // namespace

bool is_port(std::string_view text) { return number(text, 65535).has_value(); }

bool is_loopback(std::string_view endpoint) {
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) return true;
  const auto address = split_tcp(endpoint);
  if (!address) return false;
  return address->host == "localhost" || address->host == "[::1]" || is_ipv4_loopback(address->host);
}

void require_endpoint(std::string_view endpoint) {
  const auto address = split_tcp(endpoint);
  const bool good_tcp = address && !address->host.empty() && (address->port == "*" || is_port(address->port));
  const bool good_ipc = endpoint.starts_with("ipc://") && endpoint.size() > 6;
  const bool good_inproc = endpoint.starts_with("inproc://") && endpoint.size() > 9;
  if (good_tcp || good_ipc || good_inproc) return;
  throw InvalidInput(
      "not an address: '" + std::string(endpoint) +
      "' (expected tcp://HOST:PORT, for example tcp://127.0.0.1:5657, or ipc:///path/to/socket)");
}

void require_private_bind(std::string_view endpoint, bool insecure) {
  if (insecure || is_loopback(endpoint)) return;
  throw ConfigurationError(
      "refusing to listen on " + std::string(endpoint) +
      " without keys: other machines could read every change. Give --key-file and "
      "--allow-list (docs/security.md), listen on tcp://127.0.0.1:5657, or pass --insecure if "
      "you trust everybody on that network");
}

void require_private_connection(std::string_view endpoint, bool insecure) {
  if (insecure || is_loopback(endpoint)) return;
  throw ConfigurationError(
      "refusing to connect to " + std::string(endpoint) +
      " without keys: others on the way could read and change what it sends. Give --key-file "
      "and --producer-key (docs/security.md), or pass --insecure if you trust everybody on "
      "that network");
}

}  // namespace mailboat
