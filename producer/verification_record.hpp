#pragma once

#include <string>

#include "common/messages.hpp"
#include "postgres/connection.hpp"

namespace mailboat::producer {

/// Writes the end of a table's verification down, and returns once that is on disk: false when there is no
/// such table to be verified any more. Throws StatementFailed or ConnectionLost.
bool record_verification(postgres::Connection& connection, const std::string& subscription,
                         const Verified& verified);

}  // namespace mailboat::producer
