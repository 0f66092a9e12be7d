#include "consumer/row_comparison.hpp"

#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

RowComparison::RowComparison(SQLite::Database& database, TargetPlan plan)
    : plan_(std::move(plan)), row_(plan_.source), select_(database, compare_row(plan_), plan_.source) {}

RowComparison::Result RowComparison::compare(std::string_view json, const char* buffer_end) {
  select_.bind(row_.decode(json, buffer_end));
  const ResetOnExit reset(select_);
  Result result;
  result.is_there = select_.step();
  if (!result.is_there) return result;
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    const bool is_equal = select_.integer(static_cast<int>(i)) != 0;
    if (!is_equal) result.different_columns.push_back(plan_.columns[i].name);
  }
  return result;
}

}  // namespace mailboat::consumer
