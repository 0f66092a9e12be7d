#include "consumer/table_writer.hpp"

#include <array>
#include <charconv>

#include "common/error.hpp"
#include "consumer/table_schema.hpp"

namespace mailboat::consumer {
namespace {

// The tombstone of a whole table: no key has an empty text.
const std::string whole_table;

// A statement must be reset before it is used again, and the error of one that failed must not be raised
// twice.
class ResetOnExit {
 public:
  explicit ResetOnExit(SQLite::Statement& statement) : statement_(statement) {}
  ~ResetOnExit() { statement_.tryReset(); }
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;

 private:
  SQLite::Statement& statement_;
};

// Values live in the decoder until the next row, so SQLite need not copy their text.
void bind(SQLite::Statement& statement, int index, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      statement.bind(index);
      return;
    case Value::Kind::Integer:
      statement.bind(index, value.integer);
      return;
    case Value::Kind::Real:
      statement.bind(index, value.real);
      return;
    case Value::Kind::Text:
      statement.bindNoCopy(index, value.text);
      return;
    case Value::Kind::Blob:
      statement.bindNoCopy(index, static_cast<const void*>(value.text.data()),
                           static_cast<int>(value.text.size()));
      return;
  }
}

void append_literal(std::string& text, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      text += "NULL";
      return;
    case Value::Kind::Integer:
      text += std::to_string(value.integer);
      return;
    case Value::Kind::Real: {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.real).ptr;
      text.append(digits.data(), end);
      return;
    }
    case Value::Kind::Blob:
      text += 'x';
      [[fallthrough]];
    case Value::Kind::Text:
      text += '\'';
      for (const char c : value.text) {
        if (c == '\'') text += '\'';
        text += c;
      }
      text += '\'';
  }
}

void require_payload(const Relation& relation, std::string_view json) {
  if (!json.empty()) return;
  throw InvalidInput("it has no payload: " + relation.topic +
                     " was altered while mailboat could not see it. Run: mailboat track " + relation.topic);
}

}  // namespace

std::string key_text(const std::vector<Value>& values) {
  std::string text;
  for (const auto& value : values) {
    if (!text.empty()) text += ',';
    append_literal(text, value);
  }
  return text;
}

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
    bind(statement, static_cast<int>(i) + 1, values[i]);
  }
  statement.bind(static_cast<int>(values.size()) + 1, version);
  const ResetOnExit reset(statement);
  statement.exec();
}

void TableWriter::upsert(EventId version, std::string_view json, const char* buffer_end) {
  write(upsert_, static_cast<std::int64_t>(version), json, buffer_end);
}

void TableWriter::load(std::int64_t chunk, std::string_view json, const char* buffer_end) {
  write(load_, -chunk, json, buffer_end);
}

void TableWriter::remove(EventId version, std::string_view json, const char* buffer_end) {
  require_payload(relation_, json);
  const auto& values = key_.decode(json, buffer_end);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].kind == Value::Kind::Null) throw InvalidInput("its key is missing or null");
    bind(delete_, static_cast<int>(i) + 1, values[i]);
  }
  delete_.bind(static_cast<int>(values.size()) + 1, static_cast<std::int64_t>(version));
  const ResetOnExit reset(delete_);
  delete_.exec();
  bury(key_text(values), version);
}

void TableWriter::truncate(EventId version) {
  const ResetOnExit reset(truncate_);
  truncate_.exec();
  bury(whole_table, version);
}

void TableWriter::sweep(std::int64_t first_chunk, EventId since) {
  SQLite::Statement unseen(database_,
                           "DELETE FROM " + quote(table_) + " WHERE _version < ? AND _version > ?");
  unseen.bind(1, static_cast<std::int64_t>(since));
  unseen.bind(2, -first_chunk);
  unseen.exec();
}

bool TableWriter::has_rows() {
  return database_.execAndGet("SELECT EXISTS (SELECT 1 FROM " + quote(table_) + ")").getInt() != 0;
}

void TableWriter::bury(const std::string& key, EventId version) {
  bury_.bindNoCopy(1, table_);
  bury_.bindNoCopy(2, key);
  bury_.bind(3, static_cast<std::int64_t>(version));
  const ResetOnExit reset(bury_);
  bury_.exec();
}

}  // namespace mailboat::consumer
