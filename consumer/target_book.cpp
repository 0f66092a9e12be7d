#include "consumer/target_book.hpp"

namespace mailboat::consumer {

void TargetBook::create_table(SQLite::Database& database) {
  database.exec(
      "CREATE TABLE IF NOT EXISTS _mailboat_target (topic TEXT NOT NULL, table_name TEXT NOT NULL COLLATE "
      "NOCASE,"
      " route TEXT NOT NULL, managed INTEGER NOT NULL, definition TEXT NOT NULL, paused TEXT NOT NULL,"
      " PRIMARY KEY (topic, table_name, route)) WITHOUT ROWID");
}

std::vector<StoredTarget> TargetBook::all() {
  std::vector<StoredTarget> targets;
  SQLite::Statement row(database_,
                        "SELECT topic, table_name, route, managed, definition, paused FROM _mailboat_target");
  while (row.executeStep()) {
    targets.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                       row.getColumn(2).getString(), row.getColumn(3).getInt() != 0,
                       row.getColumn(4).getString(), row.getColumn(5).getString()});
  }
  return targets;
}

void TargetBook::store(const StoredTarget& target) {
  SQLite::Statement store(
      database_,
      "INSERT INTO _mailboat_target (topic, table_name, route, managed, definition, paused)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (topic, table_name, route) DO UPDATE SET managed"
      " = excluded.managed, definition = excluded.definition, paused = excluded.paused");
  store.bind(1, target.topic);
  store.bind(2, target.table);
  store.bind(3, target.route);
  store.bind(4, target.is_managed ? 1 : 0);
  store.bind(5, target.definition);
  store.bind(6, target.paused);
  store.exec();
}

void TargetBook::remove(const StoredTarget& target) {
  SQLite::Statement remove(database_,
                           "DELETE FROM _mailboat_target WHERE topic = ? AND table_name = ? AND route = ?");
  remove.bind(1, target.topic);
  remove.bind(2, target.table);
  remove.bind(3, target.route);
  remove.exec();
}

}  // namespace mailboat::consumer
