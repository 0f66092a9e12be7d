#pragma once

#include <string>

namespace mailboat::consumer {

/// SQLite takes whatever write-ahead log lies beside a file (`FILE-wal`) for that file's own. Under a log
/// that a killed or running consumer has left, a file may have been replaced by an older copy: opened
/// together they would give a mixture of both, and nobody would notice. So whoever opens the file notes which
/// two lay side by side.

/// Names the file at `path` and its log as they are now, for a note.
std::string name_file_and_log(const std::string& path);

/// True when `noted` names the log beside the file, but another file: the log is not this file's.
bool has_stale_log(const std::string& path, const std::string& noted);

/// Before SQLite opens the file: a stale log is renamed to `FILE-wal-stale` and the rest of SQLite's
/// bookkeeping about it removed. Throws ReplicaUnavailable when that is not possible.
void put_stale_log_aside(const std::string& path, const std::string& noted);

}  // namespace mailboat::consumer
