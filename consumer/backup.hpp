#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "consumer/stored_cursor.hpp"

namespace mailboat::consumer {

/// What a copy is.
struct Backup {
  std::vector<StoredCursor> holds;  ///< of each source; empty: the replica has not applied anything yet
  std::int64_t bytes = 0;
};

/// Is told how many of how many pages have been copied, again and again.
using BackupProgress = std::function<void(std::int64_t done, std::int64_t all)>;

/// Copies the replica in SQLite file `from` to `to`, whole transactions and as of one moment, while its
/// consumer goes on. The copy is a single file that knows its position, belongs to whom the original belongs
/// to, has been checked, and is on disk when this returns; before that there is no file `to`.
///
/// The moment is that of the beginning: for as long as it takes, the log of the original (`FROM-wal`) cannot
/// be shortened. Throws Fatal when `from` is no replica or damaged, when there is a `to` already, or its
/// folder is missing; ReplicaUnavailable for trouble with a disk; Error when `stop` is requested.
Backup back_up(const std::string& from, const std::string& to, const BackupProgress& progress,
               const std::stop_token& stop);

}  // namespace mailboat::consumer
