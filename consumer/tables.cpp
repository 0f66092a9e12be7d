#include "consumer/tables.hpp"

#include <SQLiteCpp/Savepoint.h>

#include "common/error.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_table.hpp"

namespace mailboat::consumer {

void Tables::read() {
  tables_.clear();
  undescribed_.clear();  // each session begins with the latest descriptions, and they are refused again
  for (auto& stored : bookkeeping_.relations()) {
    auto relation = parse_relation(stored.topic, stored.description);
    const auto load = bookkeeping_.running_load(stored.topic);
    tables_[stored.topic] = Table{stored.event_id, std::move(relation), stored.table, load ? load->since : 0};
  }
  read_routes();
  changed_ = false;
}

void Tables::read_routes() {
  for (const auto& route : routes_) {
    require_own_table(route);
    const auto target = read_target_table(database_, route.table);
    require_routable(route, target);
    Table table{0, relation_of(route, target), route.table};
    table.routed = true;
    tables_.insert_or_assign(route.topic, std::move(table));
  }
}

// What a load or a change of a tracked table does to its rows would not spare the route's.
void Tables::require_own_table(const Route& route) const {
  for (const auto& [topic, table] : tables_) {
    if (table.routed || lower_case(table.name) != lower_case(route.table)) continue;
    throw ConfigurationError("route " + route.topic + " cannot write to SQLite table '" + route.table +
                             "': it holds the rows of tracked table " + topic +
                             ". Give the route another table");
  }
}

void Tables::release_statements() {
  for (auto& [topic, table] : tables_) {
    table.writer.reset();
    table.old_writer.reset();
    table.comparison.reset();
  }
  verification_.release_statements();
}

void Tables::apply(const Event& event, const char* buffer_end) {
  if (event.op == Op::Relation) return apply_relation(event);
  auto& table = table_for(event.topic);
  apply_change(table, writer(table), event, buffer_end);
}

void Tables::apply_change(Table& table, TableWriter& writer, const Event& event, const char* buffer_end) {
  switch (event.op) {
    case Op::Insert:
    case Op::Update:
      writer.upsert(event.id, event.payload, buffer_end);
      if (event.id < table.loading_since) {
        LoadSweep(database_, table.relation, table.name).mark(writer.key_of(event.payload, buffer_end));
      }
      if (verification_.is_watching(event.topic)) {
        verification_.written(table.relation, table.name, writer.key_of(event.payload, buffer_end));
      }
      return;
    case Op::Delete:
      writer.remove(event.id, event.payload, buffer_end);
      return;
    case Op::Truncate:
      writer.truncate(event.id);
      return;
    case Op::Relation:
      return;
  }
}

Tables::Table& Tables::table_for(std::string_view topic) {
  const auto refused = undescribed_.find(topic);
  if (refused != undescribed_.end()) throw InvalidInput(refused->second.reason);
  const auto found = tables_.find(topic);
  if (found != tables_.end()) return found->second;
  throw InvalidInput("there is no table for topic '" + std::string(topic) +
                     "': give the consumer a [[route]] for it, or subscribe with --topics to leave it out");
}

TableWriter& Tables::writer(Table& table) {
  if (!table.writer) table.writer = std::make_unique<TableWriter>(database_, table.relation, table.name);
  return *table.writer;
}

TableWriter& Tables::writer_for(Table& table, const Relation* written_as) {
  if (written_as == nullptr || *written_as == table.relation) return writer(table);
  if (!table.old_writer || table.old_relation != *written_as) {
    table.old_relation = *written_as;
    table.old_writer =
        std::make_unique<TableWriter>(database_, read_as(table.relation, *written_as), table.name);
  }
  return *table.old_writer;
}

bool Tables::table_exists(const std::string& name) {
  SQLite::Statement found(database_, "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE");
  found.bind(1, name);
  found.executeStep();
  return found.getColumn(0).getInt() > 0;
}

std::vector<std::string> Tables::columns_of(const std::string& table) {
  std::vector<std::string> names;
  SQLite::Statement column(database_, "SELECT name FROM pragma_table_xinfo(?)");
  column.bind(1, table);
  while (column.executeStep()) names.push_back(column.getColumn(0).getString());
  return names;
}

// At the start of each session the producer repeats the relations that the cursor has already seen, and with
// a retry those of its time: the same R event may come any number of times, and must only count once.
void Tables::apply_relation(const Event& event) {
  auto relation = parse_relation(event.topic, event.payload);
  const auto known = tables_.find(event.topic);
  if (known != tables_.end() && known->second.routed) {
    throw InvalidInput(
        "topic '" + std::string(event.topic) +
        "' has a [[route]], but is a tracked table, which cannot be routed yet: remove the route");
  }
  if (known != tables_.end() && event.id <= known->second.relation_id) return;
  SQLite::Savepoint savepoint(database_, "relation");  // several statements, all or none
  if (known == tables_.end()) {
    make_table(event, std::move(relation));
  } else {
    alter(known->second, event, std::move(relation));
  }
  savepoint.release();
  const auto refused = undescribed_.find(event.topic);
  if (refused != undescribed_.end() && refused->second.relation_id <= event.id) undescribed_.erase(refused);
  changed_ = true;
}

void Tables::make_table(const Event& event, Relation relation) {
  auto name = table_name(relation);
  if (table_exists(name)) {
    throw InvalidInput("SQLite table '" + name +
                       "' exists already and was not made for this topic. Rename or drop that table");
  }
  database_.exec(create_table(relation, name));
  store(event, name);
  const auto load = bookkeeping_.running_load(relation.topic);
  tables_.insert_or_assign(std::string(event.topic),
                           Table{event.id, std::move(relation), std::move(name), load ? load->since : 0});
}

void Tables::alter(Table& table, const Event& event, Relation relation) {
  release_statements();  // they would keep the table from being altered
  for (const auto& statement : alter_table(table.relation, relation, table.name, columns_of(table.name)))
    database_.exec(statement);
  store(event, table.name);
  table.relation = std::move(relation);
  table.relation_id = event.id;
}

void Tables::store(const Event& event, const std::string& table) {
  bookkeeping_.store(
      Bookkeeping::StoredRelation{std::string(event.topic), event.id, table, std::string(event.payload)});
}

void Tables::description_refused(const Event& event, const std::string& reason) {
  auto& refused = undescribed_[std::string(event.topic)];
  if (refused.relation_id > event.id) return;
  refused = {event.id, "the description of its table, event " + std::to_string(event.id) +
                           ", could not be applied: " + reason};
  changed_ = true;
}

RetryOutcome::Result Tables::apply_again(const Event& event, const char* buffer_end,
                                         const Relation* written_as) {
  if (event.op == Op::Relation) {
    const auto known = tables_.find(event.topic);
    const bool older = known != tables_.end() && event.id < known->second.relation_id;
    apply_relation(event);
    return older ? RetryOutcome::Result::Superseded : RetryOutcome::Result::Applied;
  }
  auto& table = table_for(event.topic);
  auto& writer = writer_for(table, written_as);
  if (rules_.table_overtaken(writer, event)) return RetryOutcome::Result::Superseded;
  if (event.op == Op::Truncate) {
    writer.truncate_again(event.id, bookkeeping_.last_chunk_before(event.transaction));
    return RetryOutcome::Result::Applied;
  }
  const auto& key = writer.key_of(event.payload, buffer_end);
  if (rules_.row_overtaken(writer, event, key) || rules_.already_deleted(writer, event, key)) {
    return RetryOutcome::Result::Superseded;
  }
  apply_change(table, writer, event, buffer_end);
  return RetryOutcome::Result::Applied;
}

bool Tables::displace(const Event& event, const char* buffer_end) {
  if (event.op != Op::Insert && event.op != Op::Update) return false;
  auto& table = table_for(event.topic);
  const auto filled = table.relation.columns.size() + 1;  // and _version
  if (columns_of(table.name).size() != filled) return false;
  auto& writes = writer(table);
  const auto& key = writes.key_of(event.payload, buffer_end);
  if (!rules_.table_overtaken(writes, event) && !rules_.row_overtaken(writes, event, key))
    writes.displace(key);
  return true;
}

bool Tables::has_rows(const std::string& topic) {
  const auto found = tables_.find(topic);
  if (found == tables_.end() || !table_exists(found->second.name)) return false;
  return database_.execAndGet("SELECT EXISTS (SELECT 1 FROM " + quote(found->second.name) + ")").getInt() !=
         0;
}

void Tables::begin_load(const std::string& topic, EventId since) {
  verification_.abandon(topic);
  const auto first_to_keep = has_rows(topic) ? since : 0;
  bookkeeping_.begin_load(topic, first_to_keep);
  const auto found = tables_.find(topic);
  if (found == tables_.end()) return;
  LoadSweep(database_, found->second.relation, found->second.name).begin();
  found->second.loading_since = first_to_keep;
  changed_ = true;
}

void Tables::load_rows(const LoadChunk& piece, std::int64_t chunk) {
  auto& writes = writer(table_for(piece.topic));
  const auto& texts = piece.rows.texts();
  piece.rows.for_each(
      [&](std::size_t, std::string_view row) { writes.load(chunk, row, texts.data() + texts.size()); });
}

Verification::Target Tables::target(const std::string& topic) {
  auto& table = table_for(topic);
  if (!table.comparison) {
    table.comparison = std::make_unique<RowComparison>(database_, table.relation, table.name);
  }
  return {table.relation, table.name, writer(table), *table.comparison};
}

void Tables::end_load(const LoadChunk& piece) {
  const auto load = bookkeeping_.running_load(piece.topic);
  if (!load || load->since == 0) return;
  auto& table = table_for(piece.topic);
  LoadSweep sweep(database_, table.relation, table.name);
  if (piece.gives_up) {
    sweep.begin();
  } else {
    sweep.sweep(load->first_chunk, load->since);
  }
  table.loading_since = 0;
  changed_ = true;
}

}  // namespace mailboat::consumer
