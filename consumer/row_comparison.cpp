#include "consumer/row_comparison.hpp"

#include "consumer/table_schema.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

RowComparison::RowComparison(SQLite::Database& database, const Relation& relation, const std::string& table)
    : relation_(relation), row_(relation_.columns), select_(database, compare_row(relation_, table)) {}

RowComparison::Result RowComparison::compare(std::string_view json, const char* buffer_end) {
  bind(select_, row_.decode(json, buffer_end));
  const ResetOnExit reset(select_);
  Result result;
  result.is_there = select_.executeStep();
  if (!result.is_there) return result;
  for (std::size_t i = 0; i < relation_.columns.size(); ++i) {
    const bool is_equal = select_.getColumn(static_cast<int>(i)).getInt() != 0;
    if (!is_equal) result.different_columns.push_back(relation_.columns[i].name);
  }
  return result;
}

}  // namespace mailboat::consumer
