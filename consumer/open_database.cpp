#include "consumer/open_database.hpp"

#include <cerrno>
#include <sqlite3.h>
#include <system_error>
#include <unistd.h>

#include "consumer/stale_log.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

// WAL with synchronous = NORMAL: after a power cut an older state comes back together with its older cursor,
// and the producer sends the rest again. Source: SQLite, "Write-Ahead Logging", 2. journal_size_limit gives
// the disk back after a large window.
constexpr auto pragmas = R"sql(
PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF;
PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = OFF
)sql";

// Of a new file; others keep theirs. Twice SQLite's own: half the calls for a large window, of which each
// page goes into the log and then into the file.
constexpr auto page_size = "PRAGMA page_size = 8192";

// A writer of the user's may hold the file for so long before we give way and retry. A reader that closes it
// may hold it for a moment, too.
constexpr int busy_timeout_ms = 5000;

// Asked before SQLite is: it would give the files that it makes beside a read-only one the same mode, and
// they would stay in the way when the file itself is writable again.
void require_writable(const std::string& path) {
  if (::access(path.c_str(), W_OK) == 0 || errno == ENOENT) return;
  throw ReplicaUnavailable(
      "cannot write to SQLite file '" + path + "': " + std::generic_category().message(errno) +
      ". The file, its folder and FILE-wal and FILE-shm must be writable for the consumer");
}

}  // namespace

void do_without_memory_statistics() {
  if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK) throw Fatal("SQLite is in use already");
}

SQLite::Database open_database(const std::string& path, const std::string& noted) {
  require_writable(path);
  put_stale_log_aside(path, noted);
  try {
    return SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable("cannot open SQLite file '" + path + "': " + error.what());
  }
}

void use_write_ahead_log(SQLite::Database& database) {
  database.setBusyTimeout(busy_timeout_ms);
  database.exec(page_size);
  if (database.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal") {
    throw Fatal("SQLite cannot use its WAL mode for '" + database.getFilename() +
                "'. Put the file on a local disk");
  }
  database.exec(pragmas);
}

}  // namespace mailboat::consumer
