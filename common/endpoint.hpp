#pragma once

#include <string_view>

namespace mailboat {

/// True when nothing outside this machine can reach a socket bound to `endpoint`: `ipc://`, `inproc://`, and
/// `tcp://` on 127.0.0.0/8, `[::1]` or `localhost`. Names are not looked up: any other host counts as
/// reachable.
bool is_loopback(std::string_view endpoint);

/// Checks an address that a ZeroMQ socket could bind or connect to: a known transport, and for tcp a host and
/// a port. Throws InvalidInput with the address and an example.
void require_endpoint(std::string_view endpoint);

/// The feed is not encrypted, so a bind that others can reach needs consent.
/// Throws ConfigurationError, naming both ways out, when `endpoint` is not loopback and `insecure` is false.
void require_private_bind(std::string_view endpoint, bool insecure);

}  // namespace mailboat
