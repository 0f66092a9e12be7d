#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/plan_statement.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Compares rows of the source with what stands in a plan's table, by the same reading of their values as
/// TargetWriter's. Make a new one when the plan changes. Must not outlive the database. Throws InvalidInput
/// for a row that does not fit the plan, SQLite::Exception.
class RowComparison {
 public:
  RowComparison(SQLite::Database& database, TargetPlan plan);

  struct Result {
    bool is_there = false;
    std::vector<std::string> different_columns;  ///< of one that is there
    [[nodiscard]] bool is_equal() const { return is_there && different_columns.empty(); }
  };
  /// `json` is a row as the source has it; `buffer_end`: see RowDecoder::decode().
  Result compare(std::string_view json, const char* buffer_end);

 private:
  const TargetPlan plan_;
  RowDecoder row_;
  PlanStatement select_;
};

}  // namespace mailboat::consumer
