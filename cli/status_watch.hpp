#pragma once

#include <chrono>

#include "cli/command.hpp"
#include "cli/status_print.hpp"

namespace mailboat::cli {

/// Everything that `mailboat status` shows.
StatusReport read_status(postgres::Connection& connection);

/// Shows the status again and again until a signal comes: on a screen as a page that is written over,
/// elsewhere (and as JSON) one after the other. A PostgreSQL that goes away is told and waited for.
/// `connection` is the first one; it is made anew when it breaks. Throws Error when there is nothing to begin
/// with, and elsewhere than on a screen StatementFailed once PostgreSQL does not allow it any more.
ExitCode watch_status(const Context& context, postgres::Connection connection,
                      std::chrono::milliseconds interval, bool json);

/// How long to wait after a look that took so long: looking costs PostgreSQL a fifth of a processor at most.
/// Pure.
std::chrono::milliseconds wait_after_look(std::chrono::milliseconds took, std::chrono::milliseconds interval);

}  // namespace mailboat::cli
