#include "consumer/load_sweep.hpp"

#include "consumer/target_sql.hpp"
#include "consumer/target_writer.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

std::string marks_of_load(const std::string& graves) { return "_mailboat_seen_" + graves; }

LoadSweep::LoadSweep(SQLite::Database& database, const TargetPlan& plan)
    : database_(database), plan_(plan), marks_(marks_of_load(graves_of(plan))) {}

void LoadSweep::begin() { database_.exec("DROP TABLE IF EXISTS " + quote(marks_)); }

// The marks hold the key's values as the table has stored them, so that both compare alike.
void LoadSweep::mark(const std::vector<Value>& key) {
  std::string columns;
  for (std::size_t i = 0; i < plan_.key.size(); ++i) {
    if (i > 0) columns += ", ";
    columns += quote(plan_.key[i]) + " AS k" + std::to_string(i);
  }
  const auto select = "SELECT " + columns + " FROM " + quote(plan_.table) + " WHERE ";
  database_.exec("CREATE TABLE IF NOT EXISTS " + quote(marks_) + " AS " + select + "FALSE");
  SQLite::Statement insert(database_, "INSERT INTO " + quote(marks_) + ' ' + select + key_condition(plan_));
  bind(insert, key);
  insert.exec();
}

bool LoadSweep::has_marks() { return database_.tableExists(marks_); }

void LoadSweep::sweep(std::int64_t first_chunk, EventId since) {
  auto sql = "DELETE FROM " + quote(plan_.table) + " AS t WHERE _version < ? AND _version > ? AND " +
             own_rows(plan_, "t");
  if (has_marks()) {
    std::string same;
    for (std::size_t i = 0; i < plan_.key.size(); ++i) {
      if (i > 0) same += " AND ";
      same += "s.k" + std::to_string(i) + " = t." + quote(plan_.key[i]);
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
