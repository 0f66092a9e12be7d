#pragma once

#include <cstdint>
#include <optional>

#include "cli/command.hpp"
#include "producer/operation_status.hpp"

namespace mailboat::cli {

/// What a command does once its request stands in the database.
struct Follow {
  bool wait = true;
  bool json = false;
  std::optional<std::int64_t> events = {};  ///< how many a replay is going to send, if that is known
};

/// Says what was asked for, waits for its end if that is wanted, and prints the outcome. Done when all is
/// well, or without waiting; Failed when it failed, was cancelled, or left something amiss, and when a signal
/// came before its end.
ExitCode follow(const Context& context, postgres::Connection& connection, std::int64_t id, const Follow& how);

}  // namespace mailboat::cli
