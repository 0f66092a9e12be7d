#include "consumer/table_writer.hpp"

#include "common/error.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/value_binding.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {
namespace {

void require_payload(const Relation& relation, std::string_view json) {
  if (!json.empty()) return;
  throw InvalidInput("it has no payload: " + relation.topic +
                     " was altered while mailboat could not see it. Run: mailboat track " + relation.topic);
}

}  // namespace

TableWriter::TableWriter(SQLite::Database& database, const Relation& relation, std::string table)
    : database_(database),
      relation_(relation),
      table_(std::move(table)),
      row_(relation_.columns),
      key_(key_columns(relation_)),
      upsert_(database, consumer::upsert(relation_, table_, VersionGuard::On)),
      load_(database, consumer::upsert(relation_, table_, VersionGuard::Off)),
      delete_(database, delete_row(relation_, table_)),
      truncate_(database, "DELETE FROM " + quote(table_)),
      bury_(database,
            "INSERT INTO _mailboat_tombstone (table_name, key, version) VALUES (?, ?, ?) ON CONFLICT "
            "(table_name, key)"
            " DO UPDATE SET version = excluded.version WHERE excluded.version > version") {}

void TableWriter::write(SQLite::Statement& statement, std::int64_t version, std::string_view json,
                        const char* buffer_end) {
  require_payload(relation_, json);
  const auto& values = row_.decode(json, buffer_end);
  for (std::size_t i = 0; i < values.size(); ++i) {
    // SQLite would make up a number for an INTEGER PRIMARY KEY that is NULL.
    if (values[i].kind == Value::Kind::Null && relation_.is_key(relation_.columns[i].name)) {
      throw InvalidInput("its key column '" + relation_.columns[i].name + "' is missing or null");
    }
  }
  statement.bind(bind(statement, values), version);
  const ResetOnExit reset(statement);
  statement.exec();
}

void TableWriter::upsert(EventId version, std::string_view json, const char* buffer_end) {
  write(upsert_, static_cast<std::int64_t>(version), json, buffer_end);
}

void TableWriter::load(std::int64_t chunk, std::string_view json, const char* buffer_end) {
  write(load_, -chunk, json, buffer_end);
}

const std::vector<Value>& TableWriter::key_of(std::string_view json, const char* buffer_end) {
  require_payload(relation_, json);
  const auto& values = key_.decode(json, buffer_end);
  for (const auto& value : values) {
    if (value.kind == Value::Kind::Null) throw InvalidInput("its key is missing or null");
  }
  return values;
}

void TableWriter::remove(EventId version, std::string_view json, const char* buffer_end) {
  const auto& key = key_of(json, buffer_end);
  delete_.bind(bind(delete_, key), static_cast<std::int64_t>(version));
  const ResetOnExit reset(delete_);
  delete_.exec();
  bury(key_text(key), version);
}

void TableWriter::displace(const std::vector<Value>& key) {
  delete_.bind(bind(delete_, key), std::numeric_limits<std::int64_t>::max());
  const ResetOnExit reset(delete_);
  delete_.exec();
}

void TableWriter::truncate(EventId version) {
  const ResetOnExit reset(truncate_);
  truncate_.exec();
  bury(whole_table, version);
}

void TableWriter::truncate_again(EventId version, std::int64_t last_chunk) {
  SQLite::Statement older(database_, "DELETE FROM " + quote(table_) + " WHERE _version BETWEEN ? AND ?");
  older.bind(1, -last_chunk);
  older.bind(2, static_cast<std::int64_t>(version));
  older.exec();
  bury(whole_table, version);
}

void TableWriter::bury(const std::string& key, EventId version) {
  bury_.bindNoCopy(1, table_);
  bury_.bindNoCopy(2, key);
  bury_.bind(3, static_cast<std::int64_t>(version));
  const ResetOnExit reset(bury_);
  bury_.exec();
}

}  // namespace mailboat::consumer
