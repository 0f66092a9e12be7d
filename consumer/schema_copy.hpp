#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>

namespace mailboat::consumer {

/// Makes the tables, indexes and views of `file` once more in `copy`, without rows, triggers and mailboat's
/// own tables. Throws InvalidInput where one cannot be made.
void copy_schema(SQLite::Database& file, SQLite::Database& copy);

/// Copies the rows of a table that both have, with the same columns; of none if `file` does not have it.
void copy_rows(SQLite::Database& file, SQLite::Database& copy, const std::string& table);

/// Opens the SQLite file at `path` for reading only. Throws InvalidInput.
SQLite::Database open_to_read(const std::string& path);

/// The statement that has made the table, index or view; empty where there is none.
std::string statement_of(SQLite::Database& database, const std::string& name);

}  // namespace mailboat::consumer
