#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>

namespace mailboat::consumer {

/// SQLite need not count what it allocates, under a mutex, in this process. Call before anything else of
/// SQLite's. Source: SQLite, "Compile-time Options", 2 (SQLITE_DEFAULT_MEMSTATUS).
void do_without_memory_statistics();

/// Opens the SQLite file at `path`, which is made when there is none. `noted`: see put_stale_log_aside().
/// Throws ReplicaUnavailable.
SQLite::Database open_database(const std::string& path, const std::string& noted);

/// Sets the database up for windows: WAL mode, and whatever its durability and use of memory depend on.
/// Throws Fatal where WAL mode cannot be used, SQLite::Exception.
void use_write_ahead_log(SQLite::Database& database);

}  // namespace mailboat::consumer
