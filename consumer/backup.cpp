#include "consumer/backup.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <sqlite3.h>
#include <system_error>

#include "consumer/file_check.hpp"
#include "consumer/new_file.hpp"
#include "consumer/own_tables.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

// A few MiB: often enough to be told, and to be stopped.
constexpr int pages_per_step = 500;

void require_room(SQLite::Database& source, const std::string& to) {
  const auto needed = static_cast<std::uintmax_t>(source.execAndGet("PRAGMA page_count").getInt64()) *
                      static_cast<std::uintmax_t>(source.execAndGet("PRAGMA page_size").getInt64());
  std::error_code unknown;
  const auto room = std::filesystem::space(std::filesystem::absolute(to).parent_path(), unknown).available;
  if (unknown || room >= needed) return;
  throw ReplicaUnavailable("there is no room for '" + to + "': it would have " + std::to_string(needed) +
                           " bytes, and " + std::to_string(room) +
                           " are free. Make room, or give another disk");
}

void copy_pages(SQLite::Database& source, SQLite::Database& target, const BackupProgress& progress,
                const std::stop_token& stop) {
  SQLite::Backup backup(target, source);
  for (int result = SQLITE_OK; result != SQLITE_DONE;) {
    if (stop.stop_requested()) throw Error("interrupted: nothing has been written");
    result = backup.executeStep(pages_per_step);
    if (result == SQLITE_BUSY || result == SQLITE_LOCKED) throw SQLite::Exception("it is locked", result);
    progress(backup.getTotalPageCount() - backup.getRemainingPageCount(), backup.getTotalPageCount());
  }
}

// Nothing has to be undone and only the whole has to be on disk, so that SQLite need not care for either.
void fill(SQLite::Database& source, const NewFile& file, const BackupProgress& progress,
          const std::stop_token& stop) {
  SQLite::Database target(file.partial(), SQLite::OPEN_READWRITE);
  target.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  copy_pages(source, target, progress, stop);
}

// The pages say that this is a file with a write-ahead log. Without that it can be read where nothing can be
// written; a consumer changes it back.
void finish(const NewFile& file, const std::string& from, const std::stop_token& stop) {
  SQLite::Database copy(file.partial(), SQLite::OPEN_READWRITE);
  copy.exec("PRAGMA synchronous = OFF");
  copy.execAndGet("PRAGMA journal_mode = DELETE");
  require_undamaged(copy, from, stop);
}

}  // namespace

// One read transaction from the first page to the last. Without it, sqlite3_backup_step() begins a new one at
// each step, and begins from the first page again when somebody has written in between: beside a consumer
// that applies window after window it would never end. (Source: SQLite, sqlite3_backup_step(), which uses a
// read transaction of the source connection that is open already.)
Backup back_up(const std::string& from, const std::string& to, const BackupProgress& progress,
               const std::stop_token& stop) {
  const auto info = require_file(from);
  NewFile file(to);
  Backup made;
  try {
    auto source = open_replica_file(from);
    const SQLite::Transaction reading(source);
    require_own_format(source);
    made.holds = stored_cursors(source);
    require_room(source, to);
    fill(source, file, progress, stop);
    finish(file, from, stop);
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable("cannot copy SQLite file '" + from + "' to '" + to + "': " + error.what());
  }
  file.be_like(info);
  made.bytes = static_cast<std::int64_t>(std::filesystem::file_size(file.partial()));
  file.publish();
  return made;
}

}  // namespace mailboat::consumer
