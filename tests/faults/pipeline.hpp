#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// mailboat at work, made of real parts: a database with the outbox and a subscription's name, a producer and
/// a consumer as processes that talk through a socket in a temporary folder, and the consumer's SQLite file.
/// Nothing runs until it is started. One thread at a time, but connect() and replica() from any.
class Pipeline {
 public:
  using Arguments = std::vector<std::string>;

  /// Makes a database with the outbox in it. `cluster` must outlive the pipeline.
  explicit Pipeline(Cluster& cluster = shared_cluster());

  static constexpr auto subscription = "replica";
  [[nodiscard]] const std::string& conninfo() const { return conninfo_; }
  /// Its name in the cluster.
  [[nodiscard]] std::string database() const;
  /// Where the producer listens.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::filesystem::path file() const { return file_; }
  /// A folder for whatever a test needs beside them.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  /// Somebody between the parts, from the next start on: where the consumer connects, ...
  void connect_through(std::string endpoint) { producer_seen_ = std::move(endpoint); }
  /// ... where the producer listens (the consumer connects there, too), ...
  void listen_at(std::string endpoint) { producer_seen_ = endpoint_ = std::move(endpoint); }
  /// ... how the producer reaches PostgreSQL, ...
  void reach_source_by(std::string conninfo) { source_seen_ = std::move(conninfo); }
  /// ... where the SQLite file is.
  void keep_file_at(std::filesystem::path file) { file_ = std::move(file); }
  /// The whole pipeline has its source there from now on: a server with the same databases in it.
  void move_source_to(const Cluster& cluster);

  [[nodiscard]] postgres::Connection connect() const { return {conninfo_, "application"}; }
  /// Runs statements on a connection of their own.
  postgres::Rows sql(const std::string& statements) const { return connect().query(statements); }
  [[nodiscard]] std::string value(const std::string& query) const;
  /// What `mailboat status` prints; `arguments` come on top.
  [[nodiscard]] std::string status(const Arguments& arguments = {}) const;
  /// Waits until somebody is served, or until nobody is.
  [[nodiscard]] bool becomes_connected(bool connected = true) const;

  /// What would be executed; `arguments` come on top.
  [[nodiscard]] std::vector<std::string> producer_command(const Arguments& arguments = {}) const;
  [[nodiscard]] std::vector<std::string> consumer_command(const Arguments& arguments = {}) const;

  /// Starts it in place of the one before, which is killed if it still runs.
  Process& start_producer(const Arguments& arguments = {});
  Process& start_consumer(const Arguments& arguments = {});
  Process& start_consumer_as(std::vector<std::string> command, const Process::Options& options = {});
  Process& producer() { return *producer_; }
  Process& consumer() { return *consumer_; }
  [[nodiscard]] bool has_producer() const { return producer_.has_value(); }
  [[nodiscard]] bool has_consumer() const { return consumer_.has_value(); }
  void kill_producer() { producer_.reset(); }
  void kill_consumer() { consumer_.reset(); }

  /// What both have said, for failure messages.
  [[nodiscard]] std::string said() const;

  [[nodiscard]] SqliteReader replica() const { return SqliteReader(file()); }
  /// The replica's cursor as text; empty while there is none.
  [[nodiscard]] std::string cursor() const;

  /// How SQLite's table differs from PostgreSQL's of the same name, row by row; empty when it does not.
  /// `columns`: comma-separated, of types that both print alike, the first one unique.
  [[nodiscard]] std::string difference(const std::string& table, const std::string& columns) const;
  /// Waits until there is no difference; returns the one that stayed.
  [[nodiscard]] std::string lasting_difference(
      const std::string& table, const std::string& columns,
      std::chrono::milliseconds patience = std::chrono::seconds(30)) const;

 private:
  TempDir folder_{"pipeline"};
  std::filesystem::path file_ = folder_.path() / "replica.db";
  std::string endpoint_ = "ipc://" + (folder_.path() / "feed").string();
  std::string producer_seen_ = endpoint_;
  std::string conninfo_;
  std::string source_seen_;
  std::optional<Process> producer_;
  std::optional<Process> consumer_;
};

/// How often `part` stands in `text`.
int occurrences(const std::string& text, const std::string& part);

}  // namespace mailboat::test
