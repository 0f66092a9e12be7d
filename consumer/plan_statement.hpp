#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"
#include "consumer/value_rows.hpp"

struct sqlite3_stmt;

namespace mailboat::consumer {

/// A prepared statement over the source columns of a plan, which it names by parameters, or over none. It is
/// run for each row, so it calls SQLite itself. Must not outlive the database. Throws SQLite::Exception.
class PlanStatement {
 public:
  PlanStatement(SQLite::Database& database, const std::string& sql, const std::vector<Column>& source = {});

  /// `values` of the source's columns, in their order; they must live until the statement has been run.
  void bind(std::span<const Value> values);
  /// `version_parameter`. The statement must have it.
  void bind_version(std::int64_t version);
  /// Another parameter of mailboat's own; one that the statement does not use is passed over.
  void bind(const char* parameter, std::int64_t value);
  /// `value` must live until the statement has been run.
  void bind(const char* parameter, std::string_view value);

  /// `rows`, which must live until the statement has been run, for a parameter of _mailboat_rows().
  void bind(const char* parameter, std::span<const ValueRow>& rows);

  /// Runs it, and returns how many rows it has changed.
  int exec();

  /// Goes on to the next row of its answer; false when there is none. Reset it afterwards (ResetOnExit).
  bool step();
  [[nodiscard]] int columns() const;
  [[nodiscard]] std::int64_t integer(int column) const;
  /// Its text is SQLite's, until the statement goes on.
  [[nodiscard]] Value value(int column) const;
  void tryReset() noexcept;  // named as ResetOnExit wants it

 private:
  void require_ok(int code) const;
  [[nodiscard]] int index_of(const char* parameter) const;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
  std::vector<std::pair<int, std::size_t>> parameters_;  // index in the statement, number in the source
  int version_;                                          // index of its parameter
};

}  // namespace mailboat::consumer
