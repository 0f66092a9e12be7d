#pragma once

#include <string>

#include "postgres/connection.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace mailboat::test {

/// Compares a tracked table with its SQLite table: every row, column by column, as text in the form that the
/// documentation promises for the column's type, storage class included; excluded columns must not be in the
/// replica. Columns that only the replica has are not looked at. Empty when both are equal, otherwise a few
/// of the rows that only one of them has.
std::string replica_difference(postgres::Connection& source, const SqliteReader& replica,
                               const std::string& table, const std::string& replica_table);

}  // namespace mailboat::test
