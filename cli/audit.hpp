#pragma once

#include <string>

#include "postgres/connection.hpp"

namespace mailboat::cli {

/// Who is at the keyboard, for the audit columns: `anna@db1 as postgres`, that is the user and host of this
/// process and the role that the PostgreSQL session began with.
std::string who_decides(postgres::Connection& connection);

}  // namespace mailboat::cli
