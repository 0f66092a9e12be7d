#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// A database of its own with the outbox schema; mailboat-producer and mailboat-consumer between it and
/// SQLite files in a temporary folder, connected by a Unix socket. Subscriptions are named by the tests; each
/// has the SQLite file of its name.
class Pipeline : public ::testing::Test {
 protected:
  Pipeline();

  postgres::Rows sql(const std::string& statements) { return connection.query(statements); }
  /// The first value of the first row.
  std::string value(const std::string& statement) { return std::string(sql(statement).text(0, 0)); }
  void subscribe(const std::string& subscription = "replica", const std::string& start = "load");

  /// Starts mailboat-producer, and returns when it listens.
  void start_producer(const std::vector<std::string>& options = {});
  /// How mailboat-consumer is started for a subscription; `consumer_options` stand at the end.
  [[nodiscard]] std::vector<std::string> consumer_command(const std::string& subscription = "replica") const;
  /// Starts mailboat-consumer, which follows until it is stopped.
  void start_consumer(const std::string& subscription = "replica");
  /// Ends one of them as systemd would, and expects exit code 0.
  void stop(std::unique_ptr<Process>& program);
  /// Runs mailboat-consumer until it has everything that was committed before, loads included.
  void catch_up(const std::string& subscription = "replica");

  /// Where the producer listens.
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] std::string file(const std::string& subscription = "replica") const;
  /// A new reader each time: a table may have come or changed since.
  [[nodiscard]] SqliteReader replica(const std::string& subscription = "replica") const;
  /// False also while there is no file or table yet.
  [[nodiscard]] bool replica_has(const std::string& count_query, std::int64_t expected,
                                 const std::string& subscription = "replica") const;

  /// Compares the table with its SQLite table now.
  void expect_equal(const std::string& table, const std::string& replica_table,
                    const std::string& subscription = "replica");
  void expect_equal(const std::string& table) { expect_equal(table, table); }
  /// Waits until they are equal. The consumer must be running.
  void expect_equal_soon(const std::string& table, const std::string& replica_table,
                         std::chrono::milliseconds timeout = std::chrono::seconds(30));
  void expect_equal_soon(const std::string& table) { expect_equal_soon(table, table); }

  /// What both programs have said, for failure messages.
  [[nodiscard]] std::string said() const;

  const std::string conninfo;
  postgres::Connection connection;
  std::unique_ptr<Process> producer;
  std::unique_ptr<Process> consumer;
  std::vector<std::string> consumer_options;

 private:
  TempDir directory_{"pipeline"};
};

}  // namespace mailboat::test
