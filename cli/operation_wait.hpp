#pragma once

#include <cstdint>
#include <optional>

#include "common/command_line.hpp"
#include "producer/operation_status.hpp"

namespace mailboat::cli {

/// Waits until the operation is finished, and shows meanwhile how far it is, or what it waits for. A first
/// SIGINT or SIGTERM ends the wait, not the operation: it is returned as it stands, still open. `events`: how
/// many a replay is going to send. Throws Error, naming how to come back, when the connection is lost.
OperationStatus wait_for_operation(postgres::Connection& connection, std::int64_t id,
                                   const Terminal& terminal, std::optional<std::int64_t> events);

/// Why an open operation does not go on; empty when nothing keeps it. Pure.
std::string hindrance(const OperationStatus& operation);

}  // namespace mailboat::cli
