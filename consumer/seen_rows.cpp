#include "consumer/seen_rows.hpp"

#include "consumer/table_schema.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

constexpr auto marks = "temp._mailboat_seen_row";

std::string mark_columns(const Relation& relation) {
  std::string columns;
  for (std::size_t i = 0; i < relation.key.size(); ++i) columns += (i > 0 ? ", k" : "k") + std::to_string(i);
  return columns;
}

std::string key_columns_of(const Relation& relation) {
  std::string columns;
  for (const auto& key : relation.key) columns += (columns.empty() ? "" : ", ") + quote(key);
  return columns;
}

// The + takes a column's affinity away, with which SQLite could not use the index of the marks. Source:
// SQLite, "Datatypes In SQLite", 4.2.
std::string is_other(const Relation& relation) {
  std::string same;
  for (std::size_t i = 0; i < relation.key.size(); ++i) {
    if (i > 0) same += " AND ";
    same += "s.k" + std::to_string(i) + " = +t." + quote(relation.key[i]);
  }
  return std::string(" WHERE NOT EXISTS (SELECT 1 FROM ") + marks + " s WHERE " + same + ")";
}

}  // namespace

// Columns without a type keep the values as the verified table has stored them, so that both compare alike.
void SeenRows::begin(const Relation& relation) {
  release_statements();
  database_.exec(std::string("DROP TABLE IF EXISTS ") + marks);
  database_.exec(std::string("CREATE TABLE ") + marks + " (" + mark_columns(relation) + ", PRIMARY KEY (" +
                 mark_columns(relation) + ")) WITHOUT ROWID");
}

void SeenRows::mark(const Relation& relation, const std::string& table, const std::vector<Value>& key) {
  if (!mark_) {
    mark_ = std::make_unique<SQLite::Statement>(
        database_, std::string("INSERT OR IGNORE INTO ") + marks + " SELECT " + key_columns_of(relation) +
                       " FROM " + quote(table) + " WHERE " + key_condition(relation));
  }
  bind(*mark_, key);
  const ResetOnExit reset(*mark_);
  mark_->exec();
}

void SeenRows::for_each_other(const Relation& relation, const std::string& table,
                              const std::function<void(const std::vector<Value>&)>& use) {
  SQLite::Statement row(database_, "SELECT " + key_columns_of(relation) + " FROM " + quote(table) + " AS t" +
                                       is_other(relation));
  std::vector<Value> key(relation.key.size());
  while (row.executeStep()) {
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = value_of(row.getColumn(static_cast<int>(i)));
    use(key);
  }
}

void SeenRows::delete_others(const Relation& relation, const std::string& table) {
  database_.exec("DELETE FROM " + quote(table) + " AS t" + is_other(relation));
}

}  // namespace mailboat::consumer
