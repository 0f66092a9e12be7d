#include "consumer/forget_history.hpp"

#include "common/snapshot.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

void execute(SQLite::Database& database, const std::string& sql, std::int64_t value) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, value);
  statement.exec();
}

void execute(SQLite::Database& database, const std::string& sql, const std::string& text) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, text);
  statement.exec();
}

void forget_tombstones(SQLite::Database& database, const std::string& graves, std::int64_t shared) {
  SQLite::Statement tombstones(database,
                               "DELETE FROM _mailboat_tombstone WHERE table_name = ? AND version > ?");
  tombstones.bind(1, graves);
  tombstones.bind(2, shared);
  tombstones.exec();
}

// Rows that a load wrote carry its chunk's number. They need not be written anew if that chunk is exact at
// nothing: later chunks have higher numbers.
void forget_chunks(SQLite::Database& database, const std::string& source) {
  SQLite::Statement statement(database, "UPDATE _mailboat_load_chunk SET snapshot = ? WHERE source = ?");
  statement.bind(1, Snapshot().to_string());
  statement.bind(2, source);
  statement.exec();
}

void forget_loads(SQLite::Database& database, const std::string& source) {
  execute(database, "DELETE FROM _mailboat_load WHERE source = ?", source);
  execute(database, "DELETE FROM _mailboat_load_key WHERE source = ?", source);
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

void forget_history(SQLite::Database& database, const std::string& source,
                    const std::vector<TargetPlan>& plans, const std::vector<std::string>& graves,
                    EventId shared_events) {
  const auto shared = static_cast<std::int64_t>(shared_events);
  for (const auto& plan : plans) {
    if (plan.mode == TargetPlan::Mode::History) {
      forget_event_ids(database, plan.table, shared);
    } else {
      execute(database, "UPDATE " + quote(plan.table) + " SET _version = 0 WHERE _version > ?", shared);
    }
  }
  for (const auto& one : graves) {
    forget_tombstones(database, one, shared);
    database.exec("DROP TABLE IF EXISTS " + quote(marks_of_load(one)));
  }
  forget_chunks(database, source);
  forget_loads(database, source);
  // Descriptions come again with this window, and have to count whatever their ids are.
  execute(database, "UPDATE _mailboat_relation SET event_id = 0 WHERE source = ?", source);
  // Nobody at the source could find their events. Those whose transactions it has are there already: a
  // rejection is recorded before its window is acknowledged. Those that are sent anew are judged anew.
  execute(database, "DELETE FROM _mailboat_rejection WHERE source = ?", source);
}

}  // namespace mailboat::consumer
