#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>

namespace mailboat::consumer {

/// Makes the tables, indexes and views of the SQLite file at `path` once more in `copy`, without rows,
/// triggers and mailboat's own tables. Only reads the file. Throws InvalidInput where it cannot be read, or
/// one of its tables cannot be made.
void copy_schema(const std::string& path, SQLite::Database& copy);

/// Opens the SQLite file at `path` for reading only. Throws InvalidInput.
SQLite::Database open_to_read(const std::string& path);

/// The statement that has made the table, index or view; empty where there is none.
std::string statement_of(SQLite::Database& database, const std::string& name);

}  // namespace mailboat::consumer
