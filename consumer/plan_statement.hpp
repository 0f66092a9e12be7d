#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// A prepared statement over the source columns of a plan, which it names by parameters. Must not outlive the
/// database. Throws SQLite::Exception.
class PlanStatement {
 public:
  PlanStatement(SQLite::Database& database, const std::string& sql, const std::vector<Column>& source);

  /// `values` of the source's columns, in their order; they must live until the statement has been run.
  void bind(const std::vector<Value>& values);
  /// `version_parameter`. The statement must have it.
  void bind_version(std::int64_t version) { statement_.bind(version_, version); }
  /// Another parameter of mailboat's own; one that the statement does not use is passed over.
  void bind(const char* parameter, std::int64_t value);
  void bind(const char* parameter, std::string_view value);

  /// Runs it, and returns how many rows it has changed.
  int exec();
  SQLite::Statement& statement() { return statement_; }

 private:
  SQLite::Statement statement_;
  std::vector<std::pair<int, std::size_t>> parameters_;  // index in the statement, number in the source
  const int version_;                                    // index of its parameter
};

}  // namespace mailboat::consumer
