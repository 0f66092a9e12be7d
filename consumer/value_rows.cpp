#include "consumer/value_rows.hpp"

#include <memory>
#include <sqlite3.h>
#include <string>

namespace mailboat::consumer {
namespace {

constexpr auto pointer_type = "mailboat_rows";

// Columns of the table; those of the row's values follow.
constexpr int rows_column = 0;
constexpr int version_column_number = 1;
constexpr int first_value_column = 2;

struct Cursor : sqlite3_vtab_cursor {
  std::span<const ValueRow> rows;
  std::size_t row = 0;
};

Cursor& as_cursor(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

// No exception may pass through SQLite, here or below: without memory the program ends.
int connect(sqlite3* database, void*, int, const char* const*, sqlite3_vtab** table, char**) noexcept {
  std::string sql = "CREATE TABLE x(rows HIDDEN, version";
  for (std::size_t i = 0; i < most_values_of_row; ++i) sql += ", c" + std::to_string(i);
  const int code = ::sqlite3_declare_vtab(database, (sql + ')').c_str());
  if (code != SQLITE_OK) return code;
  ::sqlite3_vtab_config(database, SQLITE_VTAB_DIRECTONLY);
  *table = std::make_unique<sqlite3_vtab>().release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) noexcept {
  const std::unique_ptr<sqlite3_vtab> owned(table);
  return SQLITE_OK;
}

// There is one way to read it: all rows of the pointer given.
int best_index(sqlite3_vtab*, sqlite3_index_info* info) noexcept {
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    const bool is_rows =
        constraint.iColumn == rows_column && constraint.op == SQLITE_INDEX_CONSTRAINT_EQ && constraint.usable;
    if (!is_rows) continue;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->estimatedCost = 1;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) noexcept {
  *cursor = std::make_unique<Cursor>().release();
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) noexcept {
  const std::unique_ptr<Cursor> owned(&as_cursor(cursor));
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value** arguments) noexcept {
  const auto* const rows =
      static_cast<const std::span<const ValueRow>*>(::sqlite3_value_pointer(arguments[0], pointer_type));
  as_cursor(cursor).rows = rows != nullptr ? *rows : std::span<const ValueRow>();
  as_cursor(cursor).row = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) noexcept {
  ++as_cursor(cursor).row;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* cursor) noexcept {
  const auto& here = as_cursor(cursor);
  return here.row == here.rows.size() ? 1 : 0;
}

void give(sqlite3_context* context, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Integer:
      return ::sqlite3_result_int64(context, value.integer);
    case Value::Kind::Real:
      return ::sqlite3_result_double(context, value.real);
    case Value::Kind::Text:
      return ::sqlite3_result_text64(context, value.text.data(), value.text.size(), SQLITE_STATIC,
                                     SQLITE_UTF8);
    case Value::Kind::Blob:
      return ::sqlite3_result_blob64(context, value.text.data(), value.text.size(), SQLITE_STATIC);
    case Value::Kind::Null:
      return ::sqlite3_result_null(context);
  }
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int number) noexcept {
  const auto& here = as_cursor(cursor);
  const auto& row = here.rows[here.row];
  if (number == version_column_number) {
    ::sqlite3_result_int64(context, row.version);
  } else if (number >= first_value_column) {
    const auto value = static_cast<std::size_t>(number - first_value_column);
    if (value < row.values.size()) give(context, row.values[value]);
  }
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) noexcept {
  *id = static_cast<sqlite3_int64>(as_cursor(cursor).row);
  return SQLITE_OK;
}

// Without xCreate it is there by its name alone.
sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = eof;
  module.xColumn = column;
  module.xRowid = rowid;
  return module;
}

}  // namespace

void enable_value_rows(SQLite::Database& database) {
  static const auto module = make_module();
  const int code = ::sqlite3_create_module(database.getHandle(), "_mailboat_rows", &module, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

int bind_rows(sqlite3_stmt* statement, int index, std::span<const ValueRow>& rows) {
  return ::sqlite3_bind_pointer(statement, index, &rows, pointer_type, nullptr);
}

}  // namespace mailboat::consumer
