#include "consumer/seen_rows.hpp"

#include "consumer/plan_statement.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

std::string marks_of(std::size_t target) { return "temp._mailboat_seen_row_" + std::to_string(target); }

std::string mark_columns(const TargetPlan& plan) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < plan.key.size(); ++i) columns.push_back("k" + std::to_string(i));
  return joined(columns, ", ");
}

// The + takes a column's affinity away, with which SQLite could not use the index of the marks. Source:
// SQLite, "Datatypes In SQLite", 4.2.
std::string is_other(std::size_t target, const TargetPlan& plan) {
  std::vector<std::string> same;
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    same.push_back("s.k" + std::to_string(i) + " = +t." + quote(plan.key[i]));
  }
  return " WHERE " + own_rows(plan, "t") + " AND NOT EXISTS (SELECT 1 FROM " + marks_of(target) +
         " s WHERE " + joined(same, " AND ") + ")";
}

}  // namespace

// Columns without a type keep the values as the verified table has stored them, so that both compare alike.
void SeenRows::begin(std::size_t target, const TargetPlan& plan) {
  release_statements();
  const auto columns = mark_columns(plan);
  database_.exec("DROP TABLE IF EXISTS " + marks_of(target));
  database_.exec("CREATE TABLE " + marks_of(target) + " (" + columns + ", PRIMARY KEY (" + columns +
                 ")) WITHOUT ROWID");
}

void SeenRows::mark(std::size_t target, const TargetPlan& plan, const std::vector<Value>& key) {
  auto found = mark_.find(target);
  if (found == mark_.end()) {
    found =
        mark_
            .try_emplace(target, database_,
                         "INSERT OR IGNORE INTO " + marks_of(target) + " SELECT " + quoted_list(plan.key) +
                             " FROM " + quote(plan.table) + " WHERE " + key_condition(plan))
            .first;
  }
  auto& mark = found->second;
  bind(mark, key);
  const ResetOnExit reset(mark);
  mark.exec();
}

void SeenRows::for_each_other(std::size_t target, const TargetPlan& plan,
                              const std::function<void(const std::vector<Value>&)>& use) {
  PlanStatement row(database_, "SELECT " + quoted_list(plan.key) + " FROM " + quote(plan.table) + " AS t" +
                                   is_other(target, plan));
  std::vector<Value> key(plan.key.size());
  while (row.step()) {
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = row.value(static_cast<int>(i));
    use(key);
  }
}

void SeenRows::delete_others(std::size_t target, const TargetPlan& plan) {
  database_.exec("DELETE FROM " + quote(plan.table) + " AS t" + is_other(target, plan));
}

}  // namespace mailboat::consumer
