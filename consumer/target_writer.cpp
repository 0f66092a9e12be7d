#include "consumer/target_writer.hpp"

#include <algorithm>
#include <limits>

#include "common/error.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {
namespace {

// Of a load; their values take some 100 KiB.
constexpr std::size_t rows_at_once = 256;

constexpr auto any_version = std::numeric_limits<std::int64_t>::max();

// Empty where a column of the key is computed.
std::vector<std::size_t> key_sources(const TargetPlan& plan) {
  std::vector<std::size_t> sources;
  for (const auto& key : plan.key) {
    const auto source = plan.plain_source(expression_of(plan, key));
    if (!source) return {};
    sources.push_back(*source);
  }
  return sources;
}

std::vector<Column> columns_at(const std::vector<Column>& columns, const std::vector<std::size_t>& numbers) {
  std::vector<Column> result;
  for (const auto number : numbers) result.push_back(columns[number]);
  return result;
}

void require_whole(const std::vector<Value>& key) {
  for (const auto& value : key) {
    if (value.kind == Value::Kind::Null) throw InvalidInput("its key is missing or null");
  }
}

}  // namespace

void require_payload(const std::string& topic, std::string_view json) {
  if (!json.empty()) return;
  throw InvalidInput("it has no payload: PostgreSQL could not write it as JSON, or " + topic +
                     " was altered while mailboat could not see it. docs/types.md, 'Values that cannot be "
                     "carried', tells what to do; in the second case run: mailboat track " +
                     topic);
}

std::string graves_of(const TargetPlan& plan) {
  return plan.route.empty() ? plan.table : plan.table + '\n' + plan.route;
}

TargetWriter::TargetWriter(SQLite::Database& database, TargetPlan plan)
    : database_(database),
      plan_(std::move(plan)),
      graves_(graves_of(plan_)),
      row_(plan_.source),
      key_sources_(key_sources(plan_)),
      upsert_(database, consumer::upsert(plan_, VersionGuard::On), plan_.source),
      load_(database, consumer::upsert(plan_, VersionGuard::Off), plan_.source),
      delete_(database, delete_row(plan_)),
      truncate_(database, "DELETE FROM " + quote(plan_.table) +
                              (plan_.route.empty() ? "" : " WHERE " + own_rows(plan_))),
      bury_(database,
            "INSERT INTO _mailboat_tombstone (table_name, key, version) VALUES (?, ?, ?) ON CONFLICT "
            "(table_name, key)"
            " DO UPDATE SET version = excluded.version WHERE excluded.version > version") {
  if (key_sources_.empty()) {
    computed_key_.emplace(database, select_key(plan_), plan_.source);
  } else {
    key_.emplace(columns_at(plan_.source, key_sources_));
  }
  if (!plan_.filter.empty()) filter_.emplace(database, select_filter(plan_), plan_.source);
}

// SQLite would make up a number for an INTEGER PRIMARY KEY that is NULL.
void TargetWriter::require_key(std::span<const Value> row) const {
  for (std::size_t i = 0; i < key_sources_.size(); ++i) {
    if (row[key_sources_[i]].kind != Value::Kind::Null) continue;
    throw InvalidInput("its key column '" + plan_.key[i] + "' is missing or null");
  }
}

bool TargetWriter::write(PlanStatement& statement, std::int64_t version, std::string_view json,
                         const char* buffer_end, std::span<const Value> decoded) {
  require_payload(plan_.topic, json);
  const auto row = decoded.empty() ? std::span(row_.decode(json, buffer_end)) : decoded;
  if (computed_key_) compute_key(row);
  require_key(row);
  statement.bind(row);
  statement.bind_version(version);
  if (statement.exec() > 0) return true;
  if (!takes_decoded(row)) return false;
  if (!plan_.route.empty()) require_own_row(json, buffer_end);
  return true;  // the guard has left a newer row alone
}

void TargetWriter::require_own_row(std::string_view json, const char* buffer_end) {
  SQLite::Statement own(database_, select_version(plan_));
  consumer::bind(own, key_of(json, buffer_end));
  if (own.executeStep()) return;
  throw InvalidInput("a row with its key stands in SQLite table '" + plan_.table +
                     "' already and belongs to another route. Give each route that writes this table keys of "
                     "its own, for example by a key column that is a constant");
}

bool TargetWriter::takes_decoded(std::span<const Value> row) {
  if (!filter_) return true;
  filter_->bind(row);
  const ResetOnExit reset(*filter_);
  filter_->step();
  return filter_->integer(0) != 0;
}

bool TargetWriter::takes(std::string_view json, const char* buffer_end) {
  return !filter_ || takes_decoded(row_.decode(json, buffer_end));
}

// No tombstone where there was nothing to take away and nothing older can come: a key that begins to exist at
// the source has had no event since its last delete, and that left one.
bool TargetWriter::upsert(const Event& event, const char* buffer_end, std::span<const Value> decoded) {
  const auto version = static_cast<std::int64_t>(event.id);
  if (write(upsert_, version, event.payload, buffer_end, decoded)) return true;
  const auto& key = key_of(event.payload, buffer_end);
  if (remove_unless_newer(version, key) || event.op != Op::Insert) bury(key_text(key), event.id);
  return false;
}

std::size_t TargetWriter::insert(std::span<const ValueRow> rows) {
  if (!insert_) insert_.emplace(database_, plan_);
  return insert_->insert(rows);
}

void TargetWriter::load(std::int64_t chunk, std::string_view json, const char* buffer_end) {
  if (!write(load_, -chunk, json, buffer_end, {})) displace(key_of(json, buffer_end));
}

void TargetWriter::load(std::int64_t chunk, const TextColumn& rows) {
  const auto* const buffer_end = rows.texts().data() + rows.texts().size();
  const bool one_by_one = !BulkInsert::fits(plan_);
  std::vector<std::string_view> together;
  rows.for_each([&](std::size_t, std::string_view row) {
    if (one_by_one) return load(chunk, row, buffer_end);
    together.push_back(row);
    if (together.size() < rows_at_once) return;
    load_many(chunk, together, buffer_end);
    together.clear();
  });
  if (!together.empty()) load_many(chunk, together, buffer_end);
}

void TargetWriter::load_many(std::int64_t chunk, std::span<const std::string_view> rows,
                             const char* buffer_end) {
  const auto width = plan_.source.size();
  loaded_values_.resize(rows.size() * width);
  loaded_texts_.clear();
  std::vector<ValueRow> decoded;
  for (const auto row : rows) {
    require_payload(plan_.topic, row);
    const auto values = std::span(loaded_values_).subspan(decoded.size() * width, width);
    row_.decode(row, buffer_end, values, loaded_texts_);
    decoded.push_back({values, -chunk});
  }
  // What is there already, as when a table is loaded again, is replaced.
  for (auto i = insert(decoded); i < rows.size(); ++i) {
    write(load_, -chunk, rows[i], buffer_end, decoded[i].values);
  }
}

const std::vector<Value>& TargetWriter::key_of(std::string_view json, const char* buffer_end) {
  require_payload(plan_.topic, json);
  if (!key_) return compute_key(row_.decode(json, buffer_end));
  const auto& key = key_->decode(json, buffer_end);
  require_whole(key);
  return key;
}

const std::vector<Value>& TargetWriter::compute_key(std::span<const Value> row) {
  computed_key_->bind(row);
  const ResetOnExit reset(*computed_key_);
  computed_key_->step();
  key_values_.resize(plan_.key.size());
  key_texts_.clear();
  for (std::size_t i = 0; i < key_values_.size(); ++i) {
    key_values_[i] = computed_key_->value(static_cast<int>(i));
    key_values_[i].text = key_texts_.keep(key_values_[i].text);
  }
  require_whole(key_values_);
  return key_values_;
}

bool TargetWriter::remove_unless_newer(std::int64_t version, const std::vector<Value>& key) {
  delete_.bind(consumer::bind(delete_, key), version);
  const ResetOnExit reset(delete_);
  return delete_.exec() > 0;
}

void TargetWriter::remove(const Event& event, const char* buffer_end) {
  const auto& key = key_of(event.payload, buffer_end);
  remove_unless_newer(static_cast<std::int64_t>(event.id), key);
  bury(key_text(key), event.id);
}

void TargetWriter::displace(const std::vector<Value>& key) { remove_unless_newer(any_version, key); }

void TargetWriter::truncate(EventId version) {
  const ResetOnExit reset(truncate_);
  truncate_.exec();
  bury(whole_table, version);
}

void TargetWriter::truncate_again(EventId version, std::int64_t last_chunk) {
  SQLite::Statement older(database_, "DELETE FROM " + quote(plan_.table) +
                                         " WHERE _version BETWEEN ? AND ? AND " + own_rows(plan_));
  older.bind(1, -last_chunk);
  older.bind(2, static_cast<std::int64_t>(version));
  older.exec();
  bury(whole_table, version);
}

void TargetWriter::bury(const std::string& key, EventId version) {
  bury_.bindNoCopy(1, graves_);
  bury_.bindNoCopy(2, key);
  bury_.bind(3, static_cast<std::int64_t>(version));
  const ResetOnExit reset(bury_);
  bury_.exec();
}

}  // namespace mailboat::consumer
