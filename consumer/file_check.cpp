#include "consumer/file_check.hpp"

#include <cerrno>
#include <sqlite3.h>
#include <system_error>

#include "consumer/file_lock.hpp"
#include "consumer/stale_log.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

constexpr int busy_timeout_ms = 5000;

[[noreturn]] void refuse_damaged(const std::string& path, const std::string& finding) {
  throw Fatal("SQLite file '" + path + "' is damaged: " + finding +
              ". Go back to an older copy, or fill a new file");
}

[[noreturn]] void refuse_interrupted() { throw Error("interrupted: nothing has been changed"); }

void require_own_log(const std::string& path) {
  if (!has_stale_log(path, FileLock::note_in(path + "-lock"))) return;
  throw Fatal("SQLite file '" + path + "' was replaced, and '" + path +
              "-wal' is the log of the file before. Start its consumer, which puts the log aside");
}

void require_replica(SQLite::Database& database, const std::string& path) {
  try {
    if (database.tableExists("_mailboat_replica")) return;
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_CORRUPT) refuse_damaged(path, error.what());
    if (error.getErrorCode() != SQLITE_NOTADB) throw;
    throw Fatal("'" + path + "' is not a SQLite database. Give the file that mailboat-consumer writes");
  }
  throw Fatal("'" + path + "' is no replica of mailboat's. Give the file that mailboat-consumer writes");
}

}  // namespace

struct stat require_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw Fatal("there is no file '" + path + "'");
    throw ReplicaUnavailable("cannot look at '" + path + "': " + std::generic_category().message(errno));
  }
  if (!S_ISREG(info.st_mode)) throw Fatal("'" + path + "' is not a file");
  return info;
}

SQLite::Database open_replica_file(const std::string& path) {
  require_own_log(path);
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE, busy_timeout_ms);
    require_replica(database, path);
    return database;
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable("cannot open SQLite file '" + path + "': " + error.what());
  }
}

void require_undamaged(SQLite::Database& database, const std::string& path, const std::stop_token& stop) {
  const std::stop_callback interrupt(stop, [&database] { sqlite3_interrupt(database.getHandle()); });
  try {
    const auto finding = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (finding != "ok") refuse_damaged(path, finding);
    if (stop.stop_requested()) refuse_interrupted();  // it came too early for SQLite to notice
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_INTERRUPT) refuse_interrupted();
    if (error.getErrorCode() == SQLITE_CORRUPT) refuse_damaged(path, error.what());
    throw;
  }
}

}  // namespace mailboat::consumer
