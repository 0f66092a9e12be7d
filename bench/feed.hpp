#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "postgres/connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::bench {

/// A cluster as PostgreSQL comes, durable: fsync and synchronous_commit on, all settings at their defaults.
[[nodiscard]] test::Cluster::Options durable();

/// Throws Error unless the table has that many rows: what was not carried must not count as fast.
void require_rows(const std::filesystem::path& database, const std::string& table, std::uint64_t rows);
/// A SQLite file and what belongs to it; nobody may have it open.
void remove_database(const std::filesystem::path& database);

class Follower;

/// A database with the outbox, and a producer that serves it once it is started.
class Feed {
 public:
  /// `cluster` must outlive the feed.
  explicit Feed(test::Cluster& cluster);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  [[nodiscard]] postgres::Connection& sql() { return connection_; }
  /// Ends the session of sql(), and begins another one. PostgreSQL's statistics know of everything that was
  /// written in it when this returns.
  void end_session();
  [[nodiscard]] const std::string& conninfo() const { return conninfo_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  /// A folder for files; gone with the feed.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  void start_producer();
  /// Ends it as a service manager would, and waits for it.
  void stop_producer();
  [[nodiscard]] test::Process& producer() { return *producer_; }
  /// Makes a subscription with a name of its own. The feed must outlive the follower.
  [[nodiscard]] std::unique_ptr<Follower> subscribe(const std::string& start);
  /// The highest event id in the log.
  [[nodiscard]] EventId last_event();

 private:
  std::string conninfo_;
  postgres::Connection connection_;
  test::TempDir folder_{"bench"};
  std::string endpoint_ = "ipc://" + (folder_.path() / "feed").string();
  std::unique_ptr<test::Process> producer_;
  int followers_ = 0;
};

/// A subscription, its SQLite file, and a consumer that can be started and stopped.
class Follower {
 public:
  Follower(Feed& feed, std::string name);
  /// Ends the consumer; the file is gone, too.
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void start();
  /// Ends the consumer as a service manager would, and waits for it.
  void stop();
  /// Waits until that SQL query on the file gives anything but 0. Throws Error when a daemon ends meanwhile.
  void wait_for(const std::string& query);
  /// Waits until the replica has that event.
  void wait_for(EventId event);
  /// Waits until no load of a table is unfinished and `tables` have been loaded.
  void wait_for_loads(std::int64_t tables);
  /// Starts the consumer, lets it make its file and first cursor, and stops it: what is committed from then
  /// on waits for it.
  void make_cursor();

  [[nodiscard]] test::SqliteReader reader() const { return test::SqliteReader(file_); }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] test::Process& consumer() { return *consumer_; }

 private:
  Feed& feed_;
  const std::string name_;
  const std::filesystem::path file_;
  std::unique_ptr<test::Process> consumer_;
};

}  // namespace mailboat::bench
