#pragma once

#include <string_view>

namespace mailboat {

/// A whole number from 0 to 65535. Pure.
bool is_port(std::string_view text);

/// True when nothing outside this machine can reach a socket bound to `endpoint`: `ipc://`, `inproc://`, and
/// `tcp://` on 127.0.0.0/8, `[::1]` or `localhost`. Names are not looked up: any other host counts as
/// reachable.
bool is_loopback(std::string_view endpoint);

/// Checks an address that a ZeroMQ socket could bind or connect to: a known transport, and for tcp a host and
/// a port. Throws InvalidInput with the address and an example.
void require_endpoint(std::string_view endpoint);

/// Without keys a feed can be read and written by everybody on the way. Where others can be on the way, that
/// needs consent: these throw ConfigurationError, naming the ways out, when `endpoint` is not loopback and
/// `insecure` is false. For a feed without keys only.
void require_private_bind(std::string_view endpoint, bool insecure);
void require_private_connection(std::string_view endpoint, bool insecure);

}  // namespace mailboat
