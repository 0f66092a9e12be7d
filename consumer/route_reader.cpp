#include "consumer/route_reader.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/config_entry.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

using Texts = std::vector<std::string>;

const std::string example_key = "key = [\"user_id\"]";
const std::string example_column = "user_id = \":user_id\"";
const std::vector<std::string> known_keys{
    "source",  "topic", "name",   "table",           "mode", "skip", "key",
    "columns", "where", "create", "allow_subqueries"};

/// Reads one [[route]].
class RouteReader {
 public:
  RouteReader(const std::string& file, std::size_t number, const ConfigTable& table)
      : entry_(file, "route", number, table), table_(table) {
    route_.place = {file, number, table.line, table.lines};
  }

  Route read() {
    route_.topic = entry_.text(
        "topic",
        "Give a table of the source (public.users), the first argument of outbox.publish(), or \"*\" "
        "for all topics without a route");
    entry_.call(route_.topic);
    entry_.refuse_unknown_keys(known_keys, ". A setting of the consumer stands above the first [[route]]");
    if (entry_.find("source") != nullptr)
      route_.source = entry_.text("source", "Give the name of a [[source]], or leave it out");
    route_.skip = flag("skip");
    if (route_.skip) {
      require_only({"source", "topic", "skip"}, "a topic that is skipped has nothing else");
      return route_;
    }
    route_.name = text("name").value_or(route_.topic);
    if (route_.name.empty()) entry_.fail("name", "is empty");
    route_.mode = mode();
    route_.allow_subqueries = flag("allow_subqueries");
    route_.where = text("where").value_or("");
    if (entry_.find("where") != nullptr && route_.where.empty()) {
      entry_.fail("where", "is empty. Give an expression, for example: where = \":is_test = 0\"");
    }
    read_create();
    route_.table = table_name();
    route_.columns = columns();
    route_.key = key();
    check_default();
    if (route_.mode == Route::Mode::History && route_.create && route_.create_statement.empty() &&
        route_.columns.empty()) {
      route_.columns = {{"topic", ":_topic"}, {"payload", ":_payload"}};
    }
    return route_;
  }

 private:
  void require_only(const std::set<std::string>& allowed, const std::string& reason) const {
    for (const auto& [name, value] : table_.values) {
      if (!allowed.contains(name)) entry_.fail(name, reason + ". Leave it out");
    }
  }

  std::optional<std::string> text(const std::string& name) const {
    const auto* value = entry_.find(name);
    if (value == nullptr) return std::nullopt;
    const auto* given = std::get_if<std::string>(value);
    if (given == nullptr) entry_.fail(name, "expected a text");
    return *given;
  }

  bool flag(const std::string& name) const {
    const auto* value = entry_.find(name);
    if (value == nullptr) return false;
    const auto* given = std::get_if<bool>(value);
    if (given == nullptr) entry_.fail(name, "expected true or false");
    return *given;
  }

  Route::Mode mode() const {
    const auto given = text("mode").value_or("upsert");
    if (given == "upsert") return Route::Mode::Rows;
    if (given == "append") return Route::Mode::History;
    entry_.fail("mode", "'" + given +
                            "' is not a mode. Give upsert (a row for each row of the source, the default) "
                            "or append (a row for each event)");
  }

  void read_create() {
    const auto* value = entry_.find("create");
    if (value == nullptr) return;
    if (const auto* statement = std::get_if<std::string>(value)) {
      if (statement->empty()) entry_.fail("create", "is empty. Give true, or a CREATE TABLE statement");
      route_.create = true;
      route_.create_statement = *statement;
    } else if (const auto* given = std::get_if<bool>(value)) {
      route_.create = *given;
    } else {
      entry_.fail("create", "expected true, false or a CREATE TABLE statement");
    }
  }

  std::string table_name() const {
    if (route_.is_managed() && entry_.find("columns") == nullptr && entry_.find("table") == nullptr)
      return "";
    auto name =
        entry_.text("table", "Give a table of the SQLite file, for example: table = \"user_analytics\"");
    if (is_reserved_table(name)) {
      entry_.fail(
          "table",
          "'" + name + "': names that begin with sqlite_ or _mailboat_ are reserved. Rename the table");
    }
    return name;
  }

  std::vector<RouteColumn> columns() const {
    const auto* value = entry_.find("columns");
    if (value == nullptr) return {};
    const auto* given = std::get_if<ConfigTexts>(value);
    if (given == nullptr || given->empty()) {
      entry_.fail("columns",
                  "expected columns, for example " + example_column +
                      " under [route.columns]. Leave it out to fill each column of the table from the "
                      "source's column of its name");
    }
    std::vector<RouteColumn> result;
    std::map<std::string, std::string> seen;
    for (const auto& [name, expression] : *given) {
      require_column_name(name);
      if (!expression) {
        entry_.fail("columns." + name, "expected a text with an expression, for example " + example_column);
      }
      const auto [other, is_new] = seen.emplace(lower_case(name), name);
      if (!is_new) {
        entry_.fail("columns." + name,
                    "SQLite takes it for the same column as '" + other->second + "'. Leave one of them out");
      }
      result.push_back({name, *expression});
    }
    // As the operator has written them; the file's reader sorts them by their names.
    std::stable_sort(result.begin(), result.end(), [this](const RouteColumn& one, const RouteColumn& other) {
      return table_.line_of("columns." + one.name) < table_.line_of("columns." + other.name);
    });
    return result;
  }

  void require_column_name(const std::string& name) const {
    if (name.empty()) entry_.fail("columns", "a column's name is empty");
    for (const auto own : {version_column, route_column, event_id_column, op_column, time_column}) {
      if (lower_case(name) == own)
        entry_.fail("columns." + name, "mailboat itself writes this column. Leave it out");
    }
  }

  Texts key() const {
    const auto* value = entry_.find("key");
    if (value == nullptr) return {};
    if (route_.mode == Route::Mode::History) {
      entry_.fail(
          "key",
          "mode = \"append\" writes a row for each event, and the event's id is its key. Leave it out");
    }
    if (route_.is_managed()) {
      entry_.fail("key",
                  "a table that mailboat makes from the source's description has the source's key. Leave it "
                  "out, or list [route.columns]");
    }
    const auto* given = std::get_if<Texts>(value);
    if (given == nullptr) entry_.fail("key", "expected a list of column names, for example: " + example_key);
    if (given->empty())
      entry_.fail("key", "is empty. List the columns that name a row, for example: " + example_key);
    Texts result;
    std::set<std::string> seen;
    for (const auto& name : *given) {
      if (name.empty()) entry_.fail("key", "a column's name is empty");
      if (lower_case(name) == version_column)
        entry_.fail("key", "_version is mailboat's own and changes with each event. Leave it out");
      if (!seen.insert(lower_case(name)).second)
        entry_.fail("key", "column '" + name + "' stands there twice");
      result.push_back(spelled(name));
    }
    return result;
  }

  std::string spelled(const std::string& name) const {
    if (route_.columns.empty()) return name;
    for (const auto& column : route_.columns) {
      if (lower_case(column.name) == lower_case(name)) return column.name;
    }
    entry_.fail("key", "column '" + name +
                           "' is not among the route's columns. Add it to [route.columns], for example: " +
                           name + " = \":" + name + "\"");
  }

  void check_default() const {
    if (!route_.is_default() || route_.mode == Route::Mode::History) return;
    if (!route_.is_managed()) {
      entry_.fail("topic",
                  "a default route (\"*\") has skip = true, or mode = \"append\" with a table, or create = "
                  "true with a table's name such as \"copy_of_{schema}_{table}\"");
    }
    if (!route_.table.empty() && route_.table.find("{table}") == std::string::npos) {
      entry_.fail("table",
                  "a default route makes a table for each of the source's: its name needs {table}, for "
                  "example \"copy_of_{schema}_{table}\"");
    }
  }

  ConfigEntry entry_;
  const ConfigTable& table_;
  Route route_;
};

}  // namespace

Route read_route(const std::string& file, std::size_t number, const ConfigTable& table) {
  return RouteReader(file, number, table).read();
}

}  // namespace mailboat::consumer
