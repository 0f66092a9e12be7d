#include "consumer/plan_statement.hpp"

#include <sqlite3.h>

#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

sqlite3_stmt* prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = ::sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(database, code);
  return statement;
}

int bind_value(sqlite3_stmt* statement, int index, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Integer:
      return ::sqlite3_bind_int64(statement, index, value.integer);
    case Value::Kind::Real:
      return ::sqlite3_bind_double(statement, index, value.real);
    case Value::Kind::Text:
      return ::sqlite3_bind_text64(statement, index, value.text.data(), value.text.size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    case Value::Kind::Blob:
      return ::sqlite3_bind_blob64(statement, index, value.text.data(), value.text.size(), SQLITE_STATIC);
    case Value::Kind::Null:
      break;
  }
  return ::sqlite3_bind_null(statement, index);
}

Value value_of(sqlite3_stmt* row, int column) {
  Value value;
  switch (::sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      value.kind = Value::Kind::Integer;
      value.integer = ::sqlite3_column_int64(row, column);
      break;
    case SQLITE_FLOAT:
      value.kind = Value::Kind::Real;
      value.real = ::sqlite3_column_double(row, column);
      break;
    case SQLITE_TEXT:
      value.kind = Value::Kind::Text;
      value.text = {reinterpret_cast<const char*>(::sqlite3_column_text(row, column)),
                    static_cast<std::size_t>(::sqlite3_column_bytes(row, column))};
      break;
    case SQLITE_BLOB:
      value.kind = Value::Kind::Blob;
      value.text = "";  // SQLite has no address for an empty one
      if (const auto* const bytes = static_cast<const char*>(::sqlite3_column_blob(row, column))) {
        value.text = {bytes, static_cast<std::size_t>(::sqlite3_column_bytes(row, column))};
      }
      break;
    default:
      break;
  }
  return value;
}

}  // namespace

PlanStatement::PlanStatement(SQLite::Database& database, const std::string& sql,
                             const std::vector<Column>& source)
    : database_(database.getHandle()),
      statement_(prepare(database_, sql), ::sqlite3_finalize),
      version_(index_of(version_parameter)) {
  const auto add = [this](const std::string& parameter, std::size_t number) {
    const int index = index_of(parameter.c_str());
    if (index > 0) parameters_.emplace_back(index, number);
  };
  for (std::size_t i = 0; i < source.size(); ++i) {
    add(numbered_parameter(i), i);
    add(':' + source[i].name, i);
  }
}

int PlanStatement::index_of(const char* parameter) const {
  return ::sqlite3_bind_parameter_index(statement_.get(), parameter);
}

void PlanStatement::require_ok(int code) const {
  if (code != SQLITE_OK) throw SQLite::Exception(database_, code);
}

void PlanStatement::bind(std::span<const Value> values) {
  for (const auto& [index, number] : parameters_) {
    require_ok(bind_value(statement_.get(), index, values[number]));
  }
}

void PlanStatement::bind_version(std::int64_t version) {
  require_ok(::sqlite3_bind_int64(statement_.get(), version_, version));
}

void PlanStatement::bind(const char* parameter, std::int64_t value) {
  const int index = index_of(parameter);
  if (index > 0) require_ok(::sqlite3_bind_int64(statement_.get(), index, value));
}

void PlanStatement::bind(const char* parameter, std::string_view value) {
  const int index = index_of(parameter);
  if (index <= 0) return;
  Value text;
  text.kind = Value::Kind::Text;
  text.text = value.data() == nullptr ? "" : value;  // SQLite would take no address for NULL
  require_ok(bind_value(statement_.get(), index, text));
}

void PlanStatement::bind(const char* parameter, std::span<const ValueRow>& rows) {
  require_ok(bind_rows(statement_.get(), index_of(parameter), rows));
}

int PlanStatement::exec() {
  const ResetOnExit reset(*this);
  step();
  return ::sqlite3_changes(database_);
}

bool PlanStatement::step() {
  const int code = ::sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw SQLite::Exception(database_, code);
}

int PlanStatement::columns() const { return ::sqlite3_column_count(statement_.get()); }

std::int64_t PlanStatement::integer(int column) const {
  return ::sqlite3_column_int64(statement_.get(), column);
}

Value PlanStatement::value(int column) const { return value_of(statement_.get(), column); }

void PlanStatement::tryReset() noexcept { ::sqlite3_reset(statement_.get()); }

}  // namespace mailboat::consumer
