#pragma once

#include <cstdint>
#include <string>

#include "postgres/connection.hpp"

namespace mailboat::producer {

/// Runs one statement in a transaction of its own and returns its answer once the commit is on disk, whatever
/// the server does by default: a replica forgets what it is told has been recorded. Throws StatementFailed or
/// ConnectionLost.
postgres::Rows record_durably(postgres::Connection& connection, const std::string& statement,
                              const postgres::Params& params);

/// A count of somebody's whom we do not know, for a parameter that is cast to bigint. Pure.
[[nodiscard]] std::string to_bigint(std::uint64_t count);

}  // namespace mailboat::producer
