#include "consumer/target_table.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "consumer/table_schema.hpp"

namespace mailboat::consumer {
namespace {

using Names = std::vector<std::string>;

SQLite::Statement query(SQLite::Database& database, const char* sql, const std::string& name) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, name);
  return statement;
}

bool is_table(SQLite::Database& database, const std::string& name) {
  auto found =
      query(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", name);
  return found.executeStep();
}

// Nothing for an index over an expression, which has no name: no list of columns can stand for it.
Names columns_of_index(SQLite::Database& database, const std::string& index) {
  Names names;
  auto column = query(database, "SELECT name FROM pragma_index_info(?) ORDER BY seqno", index);
  while (column.executeStep()) {
    if (column.getColumn(0).isNull()) return {};
    names.push_back(column.getColumn(0).getString());
  }
  return names;
}

void read_columns(SQLite::Database& database, const std::string& name, TargetTable& table) {
  Names primary_key;
  auto column =
      query(database, R"(SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid)", name);
  while (column.executeStep()) {
    const auto column_name = column.getColumn(0).getString();
    table.columns.push_back(
        {column_name, column.getColumn(1).getString(), column.getColumn(2).getInt() != 0});
    if (column.getColumn(3).getInt() > 0) primary_key.push_back(column_name);
  }
  if (!primary_key.empty()) table.unique_keys.push_back(std::move(primary_key));
}

void read_unique_indexes(SQLite::Database& database, const std::string& name, TargetTable& table) {
  auto index =
      query(database, R"(SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial)", name);
  while (index.executeStep()) {
    auto key = columns_of_index(database, index.getColumn(0).getString());
    if (!key.empty()) table.unique_keys.push_back(std::move(key));
  }
}

std::string joined(const Names& names, const std::string& separator) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : separator) + name;
  return text;
}

/// The checks of one route against its table.
class Fit {
 public:
  Fit(const Route& route, const TargetTable& table) : route_(route), table_(table) {}

  void require() const {
    if (table_.columns.empty()) {
      fail("there is no such table. Create it, or correct the route");
    }
    for (const auto& column : route_.columns) require_column(column.name);
    for (const auto& column : route_.key) require_column(column);
    require_version_column();
    require_unique_key();
  }

 private:
  [[noreturn]] void fail(const std::string& sentence) const {
    throw ConfigurationError("route " + route_.topic + " cannot write to SQLite table '" + route_.table +
                             "': " + sentence);
  }

  void require_column(const std::string& name) const {
    if (table_.find(name) != nullptr) return;
    Names names;
    for (const auto& column : table_.columns) names.push_back(column.name);
    fail("it has no column '" + name + "' that can be written (it has: " + joined(names, ", ") +
         "). Correct the route, or: ALTER TABLE " + quote(route_.table) + " ADD COLUMN " + quote(name));
  }

  // Were it NULL, or compared as text, an event could be taken for older than the row that it follows.
  void require_version_column() const {
    const auto* version = table_.find(version_column);
    if (version == nullptr) {
      fail("it has no column _version, where mailboat notes which event wrote a row. Run: ALTER TABLE " +
           quote(route_.table) + " ADD COLUMN _version INTEGER NOT NULL DEFAULT 0");
    }
    if (lower_case(version->type).find("int") == std::string::npos || !version->not_null) {
      fail("its column _version is not declared INTEGER NOT NULL. Drop it (ALTER TABLE " +
           quote(route_.table) + " DROP COLUMN _version), then: ALTER TABLE " + quote(route_.table) +
           " ADD COLUMN _version INTEGER NOT NULL DEFAULT 0");
    }
  }

  void require_unique_key() const {
    const auto wanted = folded(route_.key);
    const auto is_key = [&wanted](const Names& key) { return folded(key) == wanted; };
    if (std::any_of(table_.unique_keys.begin(), table_.unique_keys.end(), is_key)) return;
    Names quoted;
    for (const auto& name : route_.key) quoted.push_back(quote(name));
    fail("nothing keeps its key (" + joined(route_.key, ", ") +
         ") unique. Give the route the columns of its primary key, or: CREATE UNIQUE INDEX " +
         quote(route_.table + "_" + joined(route_.key, "_")) + " ON " + quote(route_.table) + " (" +
         joined(quoted, ", ") + ")");
  }

  static std::set<std::string> folded(const Names& names) {
    std::set<std::string> result;
    for (const auto& name : names) result.insert(lower_case(name));
    return result;
  }

  const Route& route_;
  const TargetTable& table_;
};

}  // namespace

const TargetTable::Column* TargetTable::find(std::string_view name) const {
  const auto wanted = lower_case(name);
  for (const auto& column : columns) {
    if (lower_case(column.name) == wanted) return &column;
  }
  return nullptr;
}

TargetTable read_target_table(SQLite::Database& database, const std::string& name) {
  TargetTable table;
  if (!is_table(database, name)) return table;
  read_columns(database, name, table);
  read_unique_indexes(database, name, table);
  return table;
}

void require_routable(const Route& route, const TargetTable& table) { Fit(route, table).require(); }

Relation relation_of(const Route& route, const TargetTable& table) {
  Relation relation{route.topic, "", route.table, {}, {}};
  for (const auto& name : route.key) relation.key.push_back(table.find(name)->name);
  for (const auto& column : route.columns) {
    relation.columns.emplace_back(table.find(column.name)->name, column.field);
  }
  if (!route.columns.empty()) return relation;
  for (const auto& column : table.columns) {
    if (lower_case(column.name) != version_column) relation.columns.emplace_back(column.name, column.name);
  }
  return relation;
}

}  // namespace mailboat::consumer
