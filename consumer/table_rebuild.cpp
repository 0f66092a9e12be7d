#include "consumer/table_rebuild.hpp"

#include <algorithm>
#include <vector>

#include "common/error.hpp"
#include "consumer/column_form.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

constexpr auto rebuilt = "_mailboat_rebuilt";

struct TableColumn {
  std::string name;
  std::string type;
  std::string default_value;  // SQL; empty: none
  bool not_null = false;
  int key_place = 0;  // from 1; 0: not in the primary key
  bool is_generated = false;
};

std::vector<TableColumn> columns_of(SQLite::Database& database, const std::string& table) {
  std::vector<TableColumn> columns;
  SQLite::Statement row(database, R"(SELECT name, type, coalesce(dflt_value, ''), "notnull", pk, hidden)"
                                  " FROM pragma_table_xinfo(?) ORDER BY cid");
  row.bind(1, table);
  while (row.executeStep()) {
    columns.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                       row.getColumn(2).getString(), row.getColumn(3).getInt() != 0,
                       row.getColumn(4).getInt(), row.getColumn(5).getInt() > 1});
  }
  return columns;
}

class PragmaOn {
 public:
  PragmaOn(SQLite::Database& database, const std::string& pragma) : database_(database), pragma_(pragma) {
    database_.exec("PRAGMA " + pragma_ + " = ON");
  }
  ~PragmaOn() { database_.tryExec("PRAGMA " + pragma_ + " = OFF"); }
  PragmaOn(const PragmaOn&) = delete;
  PragmaOn& operator=(const PragmaOn&) = delete;

 private:
  SQLite::Database& database_;
  const std::string pragma_;
};

// Names in triggers, views and other tables' references are left as they are. Source: SQLite, "PRAGMA
// legacy_alter_table".
constexpr auto names_left_alone = "legacy_alter_table";
// A view or trigger that means a table which is not there does not keep another one from being renamed.
// Source: SQLite, alter.c, where sqlite3WritableSchema() is asked.
constexpr auto broken_views_left_alone = "writable_schema";

class Rebuild {
 public:
  Rebuild(SQLite::Database& database, const Relation& relation, const std::string& table)
      : database_(database), relation_(relation), table_(table) {
    for (auto& column : columns_of(database, table)) {
      if (!is_of_source(column.name)) others_.push_back(std::move(column));
    }
    SQLite::Statement row(database,
                          "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? COLLATE NOCASE"
                          " AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type");
    row.bind(1, table);
    while (row.executeStep())
      attached_.push_back({row.getColumn(0).getString(), row.getColumn(1).getString()});
  }

  void run() {
    database_.exec(create_table(relation_, rebuilt));
    for (const auto& column : others_) add(column);
    database_.exec(copy());
    database_.exec("DROP TABLE " + quote(table_));
    const PragmaOn guard(database_, names_left_alone);
    database_.exec("ALTER TABLE " + quote(rebuilt) + " RENAME TO " + quote(table_));
    for (const auto& one : attached_) attach(one);
  }

 private:
  struct Attached {
    std::string name;
    std::string sql;
  };

  [[nodiscard]] bool is_of_source(const std::string& name) const {
    const auto lower = lower_case(name);
    return lower == version_column ||
           std::any_of(relation_.columns.begin(), relation_.columns.end(),
                       [&lower](const Column& column) { return lower_case(column.name) == lower; });
  }

  void add(const TableColumn& column) {
    if (column.is_generated) {
      throw InvalidInput("SQLite table '" + table_ + "' has to be made anew, because the key or a type of " +
                         relation_.topic + " has changed, and its generated column '" + column.name +
                         "' cannot be carried over. Run: ALTER TABLE " + quote(table_) + " DROP COLUMN " +
                         quote(column.name));
    }
    auto sql = "ALTER TABLE " + quote(rebuilt) + " ADD COLUMN " + quote(column.name) + ' ' + column.type;
    if (!column.default_value.empty()) sql += " DEFAULT (" + column.default_value + ")";
    // Nothing writes it any more, unless by its default.
    if (column.not_null && !column.default_value.empty()) sql += " NOT NULL";
    database_.exec(sql);
  }

  // What does not fit the new key violates a constraint, which IGNORE passes over, or is no integer where the
  // key is the rowid, which it does not.
  [[nodiscard]] std::string copy() const {
    std::vector<std::string> names;
    for (const auto& column : relation_.columns) names.push_back(column.name);
    for (const auto& column : others_) names.push_back(column.name);
    names.emplace_back(version_column);
    auto sql = "INSERT OR IGNORE INTO " + quote(rebuilt) + " (" + quoted_list(names) + ") SELECT " +
               quoted_list(names) + " FROM " + quote(table_);
    const auto key = key_columns(relation_);
    if (key.size() == 1 && declared_type(form_of(key.front().type)) == "INTEGER") {
      const auto name = quote(key.front().name);
      sql += " WHERE CAST(CAST(" + name + " AS INTEGER) AS TEXT) = CAST(" + name + " AS TEXT)";
    }
    return sql;
  }

  void attach(const Attached& one) {
    try {
      database_.exec(one.sql);
    } catch (const SQLite::Exception& error) {
      throw InvalidInput("'" + one.name + "' cannot be made again on SQLite table '" + table_ +
                         "', which had to be made anew because the key or a type of " + relation_.topic +
                         " has changed: " + error.what() + ". Drop it, or make one that fits");
    }
  }

  SQLite::Database& database_;
  const Relation& relation_;
  const std::string& table_;
  std::vector<TableColumn> others_;
  std::vector<Attached> attached_;
};

bool exists(SQLite::Database& database, const std::string& name) {
  SQLite::Statement found(database, "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE");
  found.bind(1, name);
  found.executeStep();
  return found.getColumn(0).getInt() > 0;
}

void execute(SQLite::Database& database, const char* sql, const std::string& first,
             const std::string& second) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, first);
  statement.bind(2, second);
  statement.exec();
}

}  // namespace

void rebuild_table(SQLite::Database& database, const Relation& relation, const std::string& table) {
  Rebuild(database, relation, table).run();
}

bool has_shape(SQLite::Database& database, const Relation& relation, const std::string& table) {
  const auto columns = columns_of(database, table);
  std::vector<std::string> key(relation.key.size());
  for (const auto& column : columns) {
    if (column.key_place == 0) continue;
    if (static_cast<std::size_t>(column.key_place) > key.size()) return false;
    key[static_cast<std::size_t>(column.key_place) - 1] = column.name;
  }
  const auto is_there = [&columns](const Column& wanted) {
    return std::any_of(columns.begin(), columns.end(), [&wanted](const TableColumn& column) {
      return lower_case(column.name) == lower_case(wanted.name) &&
             column.type == declared_type(form_of(wanted.type));
    });
  };
  return std::equal(
             key.begin(), key.end(), relation.key.begin(),
             [](const auto& one, const auto& other) { return lower_case(one) == lower_case(other); }) &&
         std::all_of(relation.columns.begin(), relation.columns.end(), is_there);
}

void rename_table(SQLite::Database& database, const std::string& from, const std::string& to) {
  const PragmaOn guard(database, broken_views_left_alone);
  database.exec("ALTER TABLE " + quote(from) + " RENAME TO " + quote(to));
  execute(database, "DELETE FROM _mailboat_tombstone WHERE table_name = ? AND table_name <> ?", to, from);
  execute(database, "UPDATE _mailboat_tombstone SET table_name = ? WHERE table_name = ?", to, from);
  const auto marks = quote(marks_of_load(to));
  database.exec("DROP TABLE IF EXISTS " + marks);
  if (database.tableExists(marks_of_load(from))) {
    database.exec("ALTER TABLE " + quote(marks_of_load(from)) + " RENAME TO " + marks);
  }
}

std::string set_aside(SQLite::Database& database, const std::string& table) {
  auto name = table + "_detached";
  for (int i = 2; exists(database, name); ++i) name = table + "_detached_" + std::to_string(i);
  const PragmaOn guard(database, names_left_alone);
  rename_table(database, table, name);
  return name;
}

}  // namespace mailboat::consumer
