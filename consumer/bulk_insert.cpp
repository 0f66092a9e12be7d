#include "consumer/bulk_insert.hpp"

#include <algorithm>
#include <sqlite3.h>

#include "consumer/storage_error.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

bool BulkInsert::fits(const TargetPlan& plan) {
  return plan.takes_rows_as_they_are() && plan.source.size() <= most_values_of_row;
}

BulkInsert::BulkInsert(SQLite::Database& database, const TargetPlan& plan)
    : database_(database),
      insert_(database, insert_rows(plan)),
      schema_version_(database, "PRAGMA schema_version"),
      triggers_(database,
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE "
                "NOCASE)") {
  for (const auto& key : plan.key) key_.push_back(plan.plain_source(expression_of(plan, key)).value());
  triggers_.bind(1, plan.table);
}

// SQLite would make up a number for an INTEGER PRIMARY KEY that is NULL.
bool BulkInsert::has_key(const ValueRow& row) const {
  return std::none_of(key_.begin(), key_.end(),
                      [&row](std::size_t column) { return row.values[column].kind == Value::Kind::Null; });
}

// A trigger would run once more for a row that is written again. Somebody may have made one since the last
// time; nobody can while the transaction is open.
bool BulkInsert::has_triggers() {
  const ResetOnExit reset(schema_version_);
  schema_version_.step();
  const auto version = schema_version_.integer(0);
  if (known_version_ != version) {
    const ResetOnExit reset_triggers(triggers_);
    triggers_.executeStep();
    has_triggers_ = triggers_.getColumn(0).getInt() != 0;
    known_version_ = version;
  }
  return has_triggers_;
}

// What SQLite counts of a statement that has failed is what stays of it, or nothing. (sqlite3_changes() would
// be that of a statement before, where this one could not even begin.)
std::size_t BulkInsert::insert(std::span<const ValueRow> rows) {
  if (has_triggers()) return 0;
  const auto end =
      std::find_if_not(rows.begin(), rows.end(), [this](const ValueRow& row) { return has_key(row); });
  rows = rows.first(static_cast<std::size_t>(end - rows.begin()));
  insert_.bind(":_rows", rows);
  auto* const handle = database_.getHandle();
  const auto before = ::sqlite3_total_changes64(handle);
  try {
    insert_.exec();
    return rows.size();
  } catch (const SQLite::Exception& error) {
    const bool is_over = ::sqlite3_get_autocommit(handle) != 0;
    if (is_over || scope_of(error.getExtendedErrorCode()) == ErrorScope::Database) throw;
    return static_cast<std::size_t>(::sqlite3_total_changes64(handle) - before);
  }
}

}  // namespace mailboat::consumer
