#include "consumer/target_plan.hpp"

#include <algorithm>

#include "consumer/column_form.hpp"

namespace mailboat::consumer {

bool TargetPlan::is_key(std::string_view column) const {
  return std::find(key.begin(), key.end(), column) != key.end();
}

std::optional<std::size_t> TargetPlan::plain_source(std::string_view expression) const {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool is_named = expression.starts_with(':') && expression.substr(1) == source[i].name;
    if (is_named || expression == numbered_parameter(i)) return i;
  }
  return std::nullopt;
}

bool TargetPlan::takes_rows_as_they_are() const {
  return mode == Mode::Rows && route.empty() && filter.empty() &&
         std::all_of(columns.begin(), columns.end(), [this](const TargetColumn& column) {
           return plain_source(column.expression).has_value();
         });
}

std::string numbered_parameter(std::size_t source) { return "@c" + std::to_string(source); }

const std::string& expression_of(const TargetPlan& plan, std::string_view column) {
  return std::find_if(plan.columns.begin(), plan.columns.end(),
                      [column](const TargetColumn& one) { return one.name == column; })
      ->expression;
}

TargetPlan mirror(const Relation& relation, std::string table) {
  TargetPlan plan;
  plan.topic = relation.topic;
  plan.table = std::move(table);
  plan.key = relation.key;
  plan.source = relation.columns;
  for (const auto& column : relation.columns) {
    plan.columns.push_back({column.name, numbered_parameter(plan.columns.size())});
  }
  return plan;
}

TargetPlan read_as(TargetPlan plan, const Relation& written) {
  plan.source = read_as(plan.source, written.columns);
  return plan;
}

}  // namespace mailboat::consumer
