#include "consumer/load_sweep.hpp"

#include "consumer/table_schema.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

LoadSweep::LoadSweep(SQLite::Database& database, const Relation& relation, const std::string& table)
    : database_(database), relation_(relation), table_(table), marks_("_mailboat_seen_" + table) {}

void LoadSweep::begin() { database_.exec("DROP TABLE IF EXISTS " + quote(marks_)); }

// The marks hold the key's values as the table has stored them, so that both compare alike.
void LoadSweep::mark(const std::vector<Value>& key) {
  std::string columns;
  for (std::size_t i = 0; i < relation_.key.size(); ++i) {
    if (i > 0) columns += ", ";
    columns += quote(relation_.key[i]) + " AS k" + std::to_string(i);
  }
  const auto select = "SELECT " + columns + " FROM " + quote(table_) + " WHERE ";
  database_.exec("CREATE TABLE IF NOT EXISTS " + quote(marks_) + " AS " + select + "FALSE");
  SQLite::Statement insert(database_,
                           "INSERT INTO " + quote(marks_) + ' ' + select + key_condition(relation_));
  bind(insert, key);
  insert.exec();
}

bool LoadSweep::has_marks() { return database_.tableExists(marks_); }

void LoadSweep::sweep(std::int64_t first_chunk, EventId since) {
  auto sql = "DELETE FROM " + quote(table_) + " AS t WHERE _version < ? AND _version > ?";
  if (has_marks()) {
    std::string same;
    for (std::size_t i = 0; i < relation_.key.size(); ++i) {
      if (i > 0) same += " AND ";
      same += "s.k" + std::to_string(i) + " = t." + quote(relation_.key[i]);
    }
    sql += " AND NOT EXISTS (SELECT 1 FROM " + quote(marks_) + " s WHERE " + same + ")";
  }
  SQLite::Statement unseen(database_, sql);
  unseen.bind(1, static_cast<std::int64_t>(since));
  unseen.bind(2, -first_chunk);
  unseen.exec();
  begin();
}

}  // namespace mailboat::consumer
