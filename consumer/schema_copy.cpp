#include "consumer/schema_copy.hpp"

#include "common/error.hpp"
#include "consumer/plan_statement.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

constexpr std::string_view virtual_table = "CREATE VIRTUAL TABLE";

// Virtual tables first: each makes the tables that it stands on by itself, and these are passed over then.
constexpr auto definitions = R"sql(
SELECT name, sql FROM sqlite_master
WHERE sql IS NOT NULL AND type IN ('table', 'index', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND tbl_name NOT LIKE '\_mailboat\_%' ESCAPE '\'
ORDER BY sql LIKE 'CREATE VIRTUAL TABLE%' DESC, type = 'table' DESC, type = 'index' DESC, rowid
)sql";

void make(SQLite::Database& copy, const std::string& name, const std::string& statement) {
  if (!statement_of(copy, name).empty()) return;
  try {
    copy.exec(statement);
  } catch (const SQLite::Exception& error) {
    // What this SQLite does not know how to read, no expression of a route can read either.
    if (statement.starts_with(virtual_table)) return;
    throw InvalidInput("'" + name + "' cannot be made as it stands in the SQLite file: " + error.what());
  }
}

}  // namespace

SQLite::Database open_to_read(const std::string& path) {
  try {
    SQLite::Database database(path, SQLite::OPEN_READONLY, 5000);
    database.execAndGet("SELECT count(*) FROM sqlite_master");
    return database;
  } catch (const SQLite::Exception& error) {
    throw InvalidInput("cannot read SQLite file '" + path + "': " + error.what());
  }
}

std::string statement_of(SQLite::Database& database, const std::string& name) {
  SQLite::Statement found(database, "SELECT sql FROM sqlite_master WHERE name = ? COLLATE NOCASE");
  found.bind(1, name);
  return found.executeStep() ? found.getColumn(0).getString() : "";
}

void copy_rows(SQLite::Database& file, SQLite::Database& copy, const std::string& table) {
  if (!file.tableExists(table)) return;
  PlanStatement row(file, "SELECT * FROM " + quote(table));
  std::string parameters = "?";
  for (int i = 1; i < row.columns(); ++i) parameters += ", ?";
  SQLite::Statement insert(copy, "INSERT INTO " + quote(table) + " VALUES (" + parameters + ")");
  while (row.step()) {
    std::vector<Value> values;
    for (int i = 0; i < row.columns(); ++i) values.push_back(row.value(i));
    bind(insert, values);
    insert.exec();
    insert.reset();
  }
}

void copy_schema(SQLite::Database& file, SQLite::Database& copy) {
  SQLite::Statement definition(file, definitions);
  while (definition.executeStep()) {
    make(copy, definition.getColumn(0).getString(), definition.getColumn(1).getString());
  }
}

}  // namespace mailboat::consumer
