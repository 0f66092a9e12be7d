#include "consumer/checkpointer.hpp"

#include <sqlite3.h>
#include <utility>

namespace mailboat::consumer {
namespace {

// Somebody who closes the file may hold it for a moment.
constexpr int busy_timeout_ms = 5000;

// PASSIVE waits for nobody. Its result is of no interest: what was left is copied by the next one, and an
// error of the disk meets the next window, too.
void checkpoint(SQLite::Database& database) {
  static_cast<void>(
      ::sqlite3_wal_checkpoint_v2(database.getHandle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
}

SQLite::Database open_beside(const SQLite::Database& writer) {
  SQLite::Database database(writer.getFilename(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                            busy_timeout_ms);
  database.exec("PRAGMA synchronous = NORMAL");
  database.execAndGet("PRAGMA schema_version");  // by reading SQLite learns that it is in WAL mode
  return database;
}

}  // namespace

bool LogGrowth::must_wait(int pages) {
  if (pages < pages_) {  // it has begun anew
    wait_at_ = most_pages_;
    pages_ = 0;
  }
  // What was there before is copied soon. Another large one behind the first has to wait: the thread would
  // not have copied all of it when that begins, and again when the next one does.
  if (pages_ < most_pages_ && pages - pages_ >= most_pages_) wait_at_ = pages + most_pages_;
  pages_ = pages;
  return pages >= wait_at_;
}

Checkpointer::Checkpointer(SQLite::Database& writer, Limits limits)
    : writer_(writer),
      limits_(limits),
      growth_(limits.most_pages),
      own_(open_beside(writer)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {
  // Takes the place of SQLite's own automatic checkpoints.
  ::sqlite3_wal_hook(
      writer_.getHandle(),
      [](void* self, sqlite3* /*database*/, const char* /*name*/, int pages) {
        static_cast<Checkpointer*>(self)->committed(pages);
        return SQLITE_OK;
      },
      this);
}

Checkpointer::~Checkpointer() { ::sqlite3_wal_hook(writer_.getHandle(), nullptr, nullptr); }

void Checkpointer::committed(int pages) {
  if (growth_.must_wait(pages)) {
    const std::lock_guard alone(at_work_);
    checkpoint(writer_);
  } else if (pages >= limits_.pages) {
    const std::lock_guard lock(mutex_);
    is_wanted_ = true;
    wanted_.notify_one();
  }
}

void Checkpointer::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return is_wanted_; })) return;
      is_wanted_ = false;
    }
    const std::lock_guard alone(at_work_);
    checkpoint(own_);
  }
}

}  // namespace mailboat::consumer
