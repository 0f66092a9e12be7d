#include "consumer/target_table.hpp"

#include <algorithm>
#include <set>

#include "consumer/target_sql.hpp"

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

/// What mailboat itself writes.
struct OwnColumn {
  std::string_view name;
  std::string_view type;
  std::string_view value;  // for rows that are there, as SQL
};
constexpr OwnColumn version{version_column, "INTEGER", "0"};
constexpr OwnColumn route{route_column, "TEXT", ""};
constexpr OwnColumn op{op_column, "TEXT", "''"};
constexpr OwnColumn event_time{time_column, "TEXT", "''"};

/// The checks of one plan against its table; each returns what is wrong.
class Fit {
 public:
  Fit(const TargetPlan& plan, const TargetTable& table) : plan_(plan), table_(table) {}

  [[nodiscard]] std::string misfit() const {
    if (!table_.exists())
      return "there is no SQLite table '" + plan_.table + "'. Create it, or correct the route";
    for (const auto& column : plan_.columns) {
      if (table_.find(column.name) == nullptr) return missing(column.name);
    }
    return plan_.mode == TargetPlan::Mode::History ? misfit_of_history() : misfit_of_rows();
  }

 private:
  [[nodiscard]] std::string misfit_of_rows() const {
    auto sentence = wrong(version);
    if (sentence.empty() && !plan_.route.empty()) {
      sentence = wrong({route.name, route.type, literal(plan_.route)});
    }
    return sentence.empty() ? not_unique(plan_.key) : sentence;
  }

  [[nodiscard]] std::string misfit_of_history() const {
    const auto* id = table_.find(event_id_column);
    if (id == nullptr || lower_case(id->type) != "integer") {
      return "SQLite table '" + plan_.table +
             "' has no column _event_id INTEGER, where mailboat notes which "
             "event a row is about. Make the table anew, for example with create = true in the route";
    }
    for (const auto& column : {op, event_time}) {
      if (auto sentence = wrong(column); !sentence.empty()) return sentence;
    }
    return not_unique({std::string(event_id_column)});
  }

  [[nodiscard]] std::string missing(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& column : table_.columns) names.push_back(column.name);
    return "SQLite table '" + plan_.table + "' has no column '" + name +
           "' that can be written (it has: " + joined(names, ", ") +
           "). Correct the route, or: ALTER TABLE " + quote(plan_.table) + " ADD COLUMN " + quote(name);
  }

  // Were _version NULL, or compared as text, an event could be taken for older than the row that it follows.
  [[nodiscard]] std::string wrong(const OwnColumn& own) const {
    const auto name = std::string(own.name);
    const auto declaration = name + ' ' + std::string(own.type) + " NOT NULL";
    const auto add = "ALTER TABLE " + quote(plan_.table) + " ADD COLUMN " + declaration + " DEFAULT " +
                     std::string(own.value);
    const auto* column = table_.find(name);
    if (column == nullptr) {
      return "SQLite table '" + plan_.table + "' has no column " + name +
             ", which mailboat needs. Run: " + add;
    }
    const bool is_of_type =
        lower_case(column->type).find(lower_case(own.type.substr(0, 3))) != std::string::npos;
    if (is_of_type && column->not_null) return "";
    return "SQLite table '" + plan_.table + "' has a column " + name + " that is not declared " +
           std::string(own.type) + " NOT NULL. Drop it (ALTER TABLE " + quote(plan_.table) + " DROP COLUMN " +
           name + "), then: " + add;
  }

  [[nodiscard]] std::string not_unique(const std::vector<std::string>& key) const {
    const auto wanted = folded(key);
    const auto is_key = [&wanted](const Names& unique) { return folded(unique) == wanted; };
    if (std::any_of(table_.unique_keys.begin(), table_.unique_keys.end(), is_key)) return "";
    return "nothing keeps (" + joined(key, ", ") + ") unique in SQLite table '" + plan_.table +
           "'. Give the route the columns of its primary key, or: CREATE UNIQUE INDEX " +
           quote(plan_.table + "_" + joined(key, "_")) + " ON " + quote(plan_.table) + " (" +
           quoted_list(key) + ")";
  }

  static std::set<std::string> folded(const Names& names) {
    std::set<std::string> result;
    for (const auto& name : names) result.insert(lower_case(name));
    return result;
  }

  const TargetPlan& plan_;
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

bool is_own_column(std::string_view name) {
  const auto lower = lower_case(name);
  return lower == version_column || lower == route_column || lower == event_id_column || lower == op_column ||
         lower == time_column;
}

std::string misfit(const TargetPlan& plan, const TargetTable& table) { return Fit(plan, table).misfit(); }

}  // namespace mailboat::consumer
