#include "consumer/target_book.hpp"

namespace mailboat::consumer {

void TargetBook::create_table(SQLite::Database& database) {
  database.exec(
      "CREATE TABLE IF NOT EXISTS _mailboat_target (source TEXT NOT NULL, topic TEXT NOT NULL,"
      " table_name TEXT NOT NULL COLLATE NOCASE, route TEXT NOT NULL, managed INTEGER NOT NULL, definition "
      "TEXT NOT NULL, paused TEXT NOT NULL,"
      " PRIMARY KEY (source, topic, table_name, route)) WITHOUT ROWID");
}

std::vector<StoredTarget> TargetBook::all() {
  std::vector<StoredTarget> targets;
  SQLite::Statement row(database_,
                        "SELECT topic, table_name, route, managed, definition, paused FROM _mailboat_target"
                        " WHERE source = ?");
  row.bind(1, source_);
  while (row.executeStep()) {
    targets.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                       row.getColumn(2).getString(), row.getColumn(3).getInt() != 0,
                       row.getColumn(4).getString(), row.getColumn(5).getString()});
  }
  return targets;
}

std::optional<std::string> TargetBook::other_owner(const std::string& table) {
  SQLite::Statement row(database_,
                        "SELECT source FROM _mailboat_target WHERE table_name = ? AND source <> ?");
  row.bind(1, table);
  row.bind(2, source_);
  if (!row.executeStep()) return std::nullopt;
  return row.getColumn(0).getString();
}

void TargetBook::store(const StoredTarget& target) {
  SQLite::Statement store(
      database_,
      "INSERT INTO _mailboat_target (source, topic, table_name, route, managed, definition, paused)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, topic, table_name, route) DO UPDATE SET managed"
      " = excluded.managed, definition = excluded.definition, paused = excluded.paused");
  store.bind(1, source_);
  store.bind(2, target.topic);
  store.bind(3, target.table);
  store.bind(4, target.route);
  store.bind(5, target.is_managed ? 1 : 0);
  store.bind(6, target.definition);
  store.bind(7, target.paused);
  store.exec();
}

void TargetBook::remove(const StoredTarget& target) {
  SQLite::Statement remove(database_,
                           "DELETE FROM _mailboat_target"
                           " WHERE source = ? AND topic = ? AND table_name = ? AND route = ?");
  remove.bind(1, source_);
  remove.bind(2, target.topic);
  remove.bind(3, target.table);
  remove.bind(4, target.route);
  remove.exec();
}

void TargetBook::rename_topic(const std::string& from, const std::string& to) {
  SQLite::Statement rename(database_,
                           "UPDATE OR REPLACE _mailboat_target SET topic = ? WHERE source = ? AND topic = ?");
  rename.bind(1, to);
  rename.bind(2, source_);
  rename.bind(3, from);
  rename.exec();
}

}  // namespace mailboat::consumer
