#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <stop_token>
#include <string>
#include <sys/stat.h>

namespace mailboat::consumer {

/// Throws Fatal when there is no file at `path`.
struct stat require_file(const std::string& path);

/// Opens the SQLite file at `path`, which somebody else may be writing, and never makes one. Throws Fatal for
/// a file that no consumer has made, or beside which the log of another file lies; ReplicaUnavailable when it
/// cannot be opened; SQLite::Exception.
SQLite::Database open_replica_file(const std::string& path);

/// Reads all of it. Throws Fatal, naming `path`, when SQLite finds something wrong; Error when `stop` is
/// requested; SQLite::Exception.
void require_undamaged(SQLite::Database& database, const std::string& path, const std::stop_token& stop);

}  // namespace mailboat::consumer
