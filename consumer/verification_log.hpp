#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <vector>

#include "common/messages.hpp"

namespace mailboat::consumer {

/// What verifications of one source have found, kept in the SQLite file with the window that found it until
/// PostgreSQL has it: a repair must not be forgotten because a session broke. Works within whatever
/// transaction is open. One thread; must not outlive the database. Throws SQLite::Exception.
class VerificationLog {
 public:
  VerificationLog(SQLite::Database& database, std::string source)
      : database_(database), source_(std::move(source)) {}
  static void create_tables(SQLite::Database& database);

  /// A table's verification begins, perhaps anew. What was mended before stays on record; everything else
  /// will be found again.
  void begin(OperationId operation, const std::string& topic);
  void count_rows(OperationId operation, const std::string& topic, std::uint64_t rows);
  /// Counts it, and keeps it if it is among the first 1000. About 1 MiB of what is kept is told.
  void add(OperationId operation, const std::string& topic, const Difference& difference);
  /// It is over; with `error`, before its end.
  void end(OperationId operation, const std::string& topic, const std::string& error);
  /// What the last rows of the one that has just ended were exact at.
  void store_snapshot(const Snapshot& snapshot);
  /// Differences that were found and could not be mended.
  std::uint64_t unmended(OperationId operation, const std::string& topic);

  /// Those that are over.
  std::vector<Verified> ended();
  void clear();
  /// PostgreSQL has it.
  void remove(const VerificationRecorded& recorded);

 private:
  std::vector<Difference> differences(OperationId operation, const std::string& topic);
  std::string json_array(const std::vector<std::string>& texts);
  void forget_cancelled(OperationId running);
  SQLite::Statement prepare(const char* statement, OperationId operation, const std::string& topic);
  void exec(const char* statement, OperationId operation, const std::string& topic);

  SQLite::Database& database_;
  const std::string source_;
};

}  // namespace mailboat::consumer
