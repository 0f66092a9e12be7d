#include "consumer/deferred_events.hpp"

namespace mailboat::consumer {

DeferredEvents::DeferredEvents(SQLite::Database& database) : database_(database) {
  database_.exec(
      "CREATE TEMP TABLE IF NOT EXISTS _mailboat_deferred (id INTEGER PRIMARY KEY, txid INTEGER NOT NULL,"
      " topic TEXT NOT NULL, op TEXT NOT NULL, payload TEXT NOT NULL, reason TEXT NOT NULL)");
}

void DeferredEvents::add(const Event& event, const std::string& reason) {
  SQLite::Statement insert(database_, "INSERT INTO temp._mailboat_deferred VALUES (?, ?, ?, ?, ?, ?)");
  insert.bind(1, static_cast<std::int64_t>(event.id));
  insert.bind(2, static_cast<std::int64_t>(event.transaction));
  insert.bind(3, std::string(event.topic));
  insert.bind(4, std::string(1, static_cast<char>(event.op)));
  insert.bind(5, std::string(event.payload));
  insert.bind(6, reason);
  insert.exec();
}

void DeferredEvents::remove(EventId id) {
  SQLite::Statement remove(database_, "DELETE FROM temp._mailboat_deferred WHERE id = ?");
  remove.bind(1, static_cast<std::int64_t>(id));
  remove.exec();
}

std::vector<EventId> DeferredEvents::ids(std::optional<std::string_view> topic) {
  std::vector<EventId> ids;
  SQLite::Statement row(database_,
                        "SELECT id FROM temp._mailboat_deferred WHERE ?1 IS NULL OR topic = ?1 ORDER BY id");
  if (topic) row.bind(1, std::string(*topic));
  while (row.executeStep()) ids.push_back(static_cast<EventId>(row.getColumn(0).getInt64()));
  return ids;
}

DeferredEvents::Entry DeferredEvents::read(EventId id) {
  SQLite::Statement row(database_,
                        "SELECT txid, topic, op, payload, reason FROM temp._mailboat_deferred WHERE id = ?");
  row.bind(1, static_cast<std::int64_t>(id));
  row.executeStep();
  return {id,
          static_cast<TransactionId>(row.getColumn(0).getInt64()),
          row.getColumn(1).getString(),
          static_cast<Op>(row.getColumn(2).getString().front()),
          row.getColumn(3).getString(),
          row.getColumn(4).getString()};
}

}  // namespace mailboat::consumer
