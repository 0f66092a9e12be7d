#pragma once

#include <string>

#include "common/environment.hpp"

namespace mailboat::postgres {

/// `conninfo` with what libpq needs in order to notice, within about ten seconds, that nobody is there any
/// more: connect_timeout, TCP keepalives and tcp_user_timeout (PostgreSQL manual, "Parameter Key Words").
/// Whatever `conninfo` itself says of these wins, and so does PGCONNECT_TIMEOUT. Pure.
std::string with_timeouts(const std::string& conninfo, const Environment& environment);

}  // namespace mailboat::postgres
