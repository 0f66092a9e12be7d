#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::migrations {

/// One numbered step of the schema `outbox`. The texts live as long as the program.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

/// Every migration of this binary, version 1 first, without gaps. The SQL files are embedded at build time.
std::span<const Migration> all_migrations();

/// Brings the schema up to date and returns what was applied, in order; empty when there was nothing to do.
///
/// Each migration is one transaction with its row in outbox.migration, so a failure leaves a schema that a later call
/// continues from. Calls from several programs at once wait for each other. Must not run inside a Transaction.
/// Throws Fatal as require_supported_server() does, for a schema newer than this binary, and for a schema `outbox`
/// that is not mailboat's; postgres::StatementFailed, naming the migration, when the server refuses one.
std::vector<Migration> migrate(postgres::Connection& connection);

/// Throws Fatal, with what to do about it, unless the database has exactly the schema of this binary.
void require_current_schema(postgres::Connection& connection);

/// Throws Fatal for a standby and for a server below PostgreSQL 13.
void require_supported_server(postgres::Connection& connection);

}  // namespace mailboat::migrations
