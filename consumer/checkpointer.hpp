#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace mailboat::consumer {

/// Whether who writes to a WAL file has to wait until all of it has been copied, so that it begins anew: when
/// it has grown by `most_pages` since it was empty, or since a transaction that was that large by itself in a
/// log that was smaller, which leaves time to copy it meanwhile. Pure.
class LogGrowth {
 public:
  explicit LogGrowth(int most_pages) : most_pages_(most_pages), wait_at_(most_pages) {}
  /// Asked after each commit, with the file's length.
  [[nodiscard]] bool must_wait(int pages);

 private:
  const int most_pages_;
  int pages_ = 0;
  int wait_at_;
};

/// Copies what was committed from the WAL file into the SQLite file, in a thread and on a connection of its
/// own: whoever writes goes on meanwhile, and neither windows nor their acknowledgements wait for the disk.
/// Only where many windows follow each other without a pause does the writer wait for it now and then, since
/// the WAL file begins anew only where all of it has been copied. What cannot be copied now stays in the WAL
/// file until the next time, as with SQLite's own checkpoints. Source: SQLite, "Write-Ahead Logging", 2.1,
/// and sqlite3_wal_checkpoint_v2().
class Checkpointer {
 public:
  struct Limits {
    int pages = 1000;        ///< of the WAL file, from which on it is worth it: SQLite's own measure
    int most_pages = 8'000;  ///< after which the writer waits: 64 MiB in a file of ours
  };
  /// Looks after what `writer` commits, which is in WAL mode and outlives it. Throws SQLite::Exception.
  explicit Checkpointer(SQLite::Database& writer) : Checkpointer(writer, Limits()) {}
  Checkpointer(SQLite::Database& writer, Limits limits);
  /// Waits for the checkpoint that is under way.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

 private:
  void committed(int pages);
  void run(const std::stop_token& stop);

  SQLite::Database& writer_;
  const Limits limits_;
  LogGrowth growth_;
  SQLite::Database own_;  // the thread's
  std::mutex at_work_;    // held while there is a checkpoint, of which SQLite allows one at a time

  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool is_wanted_ = false;  // guarded by mutex_

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::consumer
