#include "consumer/forget_history.hpp"

#include "common/snapshot.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

void execute(SQLite::Database& database, const std::string& sql, std::int64_t value) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, value);
  statement.exec();
}

// Rows that a load wrote carry its chunk's number. They need not be written anew if that chunk is exact at
// nothing: later chunks have higher numbers.
void forget_chunks(SQLite::Database& database) {
  SQLite::Statement statement(database, "UPDATE _mailboat_load_chunk SET snapshot = ?");
  statement.bind(1, Snapshot().to_string());
  statement.exec();
}

void forget_loads(SQLite::Database& database) {
  database.exec("DELETE FROM _mailboat_load; DELETE FROM _mailboat_load_key");
  std::vector<std::string> marks;
  SQLite::Statement row(database,
                        R"(SELECT name FROM sqlite_master WHERE name LIKE '\_mailboat\_seen\_%' ESCAPE '\')");
  while (row.executeStep()) marks.push_back(row.getColumn(0).getString());
  row.reset();
  for (const auto& name : marks) database.exec("DROP TABLE " + quote(name));
}

// The rows of a history tell of the past, which stays. Their ids only keep an event from being written twice:
// below those that are negative already each gets one that no event will have.
void forget_event_ids(SQLite::Database& database, const std::string& table, std::int64_t shared) {
  execute(database,
          "UPDATE " + quote(table) + " SET _event_id = (SELECT min(0, min(_event_id)) FROM " + quote(table) +
              ") - _event_id WHERE _event_id > ?",
          shared);
}

}  // namespace

void forget_history(SQLite::Database& database, const std::vector<TargetPlan>& plans, EventId shared_events) {
  const auto shared = static_cast<std::int64_t>(shared_events);
  for (const auto& plan : plans) {
    if (plan.mode == TargetPlan::Mode::History) {
      forget_event_ids(database, plan.table, shared);
    } else {
      execute(database, "UPDATE " + quote(plan.table) + " SET _version = 0 WHERE _version > ?", shared);
    }
  }
  execute(database, "DELETE FROM _mailboat_tombstone WHERE version > ?", shared);
  forget_chunks(database);
  forget_loads(database);
  // Descriptions come again with this window, and have to count whatever their ids are.
  database.exec("UPDATE _mailboat_relation SET event_id = 0");
  // Nobody at the source could find their events. Those whose transactions it has are there already: a
  // rejection is recorded before its window is acknowledged. Those that are sent anew are judged anew.
  database.exec("DELETE FROM _mailboat_rejection");
}

}  // namespace mailboat::consumer
