#include "consumer/bookkeeping.hpp"

#include "consumer/own_tables.hpp"

namespace mailboat::consumer {
std::uint64_t Bookkeeping::retries() {
  SQLite::Statement row(database_, "SELECT number FROM _mailboat_retry WHERE source = ?");
  row.bind(1, source_);
  return row.executeStep() ? static_cast<std::uint64_t>(row.getColumn(0).getInt64()) : 0;
}

void Bookkeeping::count_retry() {
  SQLite::Statement count(database_,
                          "INSERT INTO _mailboat_retry (source, number) VALUES (?, 1)"
                          " ON CONFLICT (source) DO UPDATE SET number = number + 1");
  count.bind(1, source_);
  count.exec();
}

std::optional<StoredCursor> Bookkeeping::cursor() {
  for (auto& stored : stored_cursors(database_)) {
    if (stored.source == source_) return std::move(stored);
  }
  return std::nullopt;
}

void Bookkeeping::store(const StoredCursor& stored) {
  SQLite::Statement store(
      database_,
      "INSERT INTO _mailboat_cursor VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
      " subscription = excluded.subscription, system_identifier = excluded.system_identifier,"
      " database_oid = excluded.database_oid, timeline = excluded.timeline, snapshot = excluded.snapshot,"
      " last_event_id = excluded.last_event_id");
  const auto& source = stored.cursor.source;
  store.bind(1, source_);
  store.bind(2, stored.subscription);
  store.bind(3, std::to_string(source.system_identifier));  // SQLite's integers are signed
  store.bind(4, source.database_oid);
  store.bind(5, source.timeline);
  store.bind(6, stored.cursor.snapshot.to_string());
  store.bind(7, static_cast<std::int64_t>(stored.last_event_id));
  store.exec();
}

std::vector<Bookkeeping::StoredRelation> Bookkeeping::relations() {
  std::vector<StoredRelation> relations;
  SQLite::Statement row(database_,
                        "SELECT topic, event_id, description FROM _mailboat_relation WHERE source = ?");
  row.bind(1, source_);
  while (row.executeStep()) {
    relations.push_back({row.getColumn(0).getString(), static_cast<EventId>(row.getColumn(1).getInt64()),
                         row.getColumn(2).getString()});
  }
  return relations;
}

void Bookkeeping::store(const StoredRelation& relation) {
  SQLite::Statement store(
      database_,
      "INSERT INTO _mailboat_relation (source, topic, event_id, description)"
      " VALUES (?, ?, ?, ?) ON CONFLICT (source, topic) DO UPDATE SET event_id = excluded.event_id,"
      " description = excluded.description");
  store.bind(1, source_);
  store.bind(2, relation.topic);
  store.bind(3, static_cast<std::int64_t>(relation.event_id));
  store.bind(4, relation.description);
  store.exec();
}

void Bookkeeping::rename_topic(const std::string& from, const std::string& to) {
  SQLite::Statement rename(database_,
                           "UPDATE _mailboat_relation SET topic = ? WHERE source = ? AND topic = ?");
  rename.bind(1, to);
  rename.bind(2, source_);
  rename.bind(3, from);
  rename.exec();
  rename_loads(from, to);
}

void Bookkeeping::forget_topic(const std::string& topic) {
  SQLite::Statement forget(database_, "DELETE FROM _mailboat_relation WHERE source = ? AND topic = ?");
  forget.bind(1, source_);
  forget.bind(2, topic);
  forget.exec();
  forget_loads_of(topic);
}

std::vector<std::string> Bookkeeping::topics_without_load() {
  std::vector<std::string> names;
  SQLite::Statement row(database_,
                        "SELECT topic FROM _mailboat_relation WHERE source = ?1"
                        " AND topic NOT IN (SELECT topic FROM _mailboat_load WHERE source = ?1)"
                        " ORDER BY topic");
  row.bind(1, source_);
  while (row.executeStep()) names.push_back(row.getColumn(0).getString());
  return names;
}

}  // namespace mailboat::consumer
