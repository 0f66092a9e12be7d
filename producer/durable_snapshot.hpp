#pragma once

#include <string>

#include "postgres/connection.hpp"

namespace mailboat::producer {

/// Returns once the source has flushed its WAL up to `position`, where it ended when a snapshot was taken: a
/// crash can no longer hand out transaction ids that the snapshot covers. Not inside a Transaction. Throws
/// ConnectionLost.
void await_flushed(postgres::Connection& connection, const std::string& position);

}  // namespace mailboat::producer
