#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <vector>

#include "consumer/stored_cursor.hpp"

/// mailboat's own tables in a SQLite file (`_mailboat_...`), as far as they are about the file as a whole:
/// what is in them for each source is Bookkeeping's. Throws SQLite::Exception.
namespace mailboat::consumer {

/// Throws Fatal for a file whose own tables are not as this mailboat makes them.
void require_own_format(SQLite::Database& database);

/// Makes the tables where they are missing, in a transaction of its own. Throws as require_own_format().
void create_own_tables(SQLite::Database& database);

/// The random name that the file got when it was made.
[[nodiscard]] std::string file_id(SQLite::Database& database);

/// How far each source has come, by their names. Empty while nothing has been applied.
[[nodiscard]] std::vector<StoredCursor> stored_cursors(SQLite::Database& database);

/// All that the file has of the source without a name belongs to the source `name` from now on, which has
/// nothing so far. In a transaction of its own.
void name_only_source(SQLite::Database& database, const std::string& name);

}  // namespace mailboat::consumer
