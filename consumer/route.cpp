#include "consumer/route.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/mistakes.hpp"
#include "common/nearest_name.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

using Texts = std::vector<std::string>;

const std::string example_key = "key = [\"user_id\"]";
const std::string example_column = "user_id = \":user_id\"";
const std::set<std::string> known_keys{"source",  "topic", "name",   "table",           "mode", "skip", "key",
                                       "columns", "where", "create", "allow_subqueries"};

/// Reads one [[route]].
class RouteReader {
 public:
  RouteReader(const std::string& file, std::size_t number, const ConfigTable& table) : table_(table) {
    route_.place = {file, number, table.line, table.lines};
  }

  Route read() {
    route_.topic = required_text(
        "topic",
        "Give a table of the source (public.users), the first argument of outbox.publish(), or \"*\" "
        "for all topics without a route");
    refuse_unknown_keys();
    if (table_.find("source") != nullptr)
      route_.source = required_text("source", "Give the name of a [[source]], or leave it out");
    route_.skip = flag("skip");
    if (route_.skip) {
      require_only({"source", "topic", "skip"}, "a topic that is skipped has nothing else");
      return route_;
    }
    route_.name = text("name").value_or(route_.topic);
    if (route_.name.empty()) fail("name", "is empty");
    route_.mode = mode();
    route_.allow_subqueries = flag("allow_subqueries");
    route_.where = text("where").value_or("");
    if (table_.find("where") != nullptr && route_.where.empty()) {
      fail("where", "is empty. Give an expression, for example: where = \":is_test = 0\"");
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
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    throw ConfigurationError(place_of(route_, key) + ": " + sentence);
  }

  void refuse_unknown_keys() const {
    for (const auto& [name, value] : table_.values) {
      if (known_keys.contains(name)) continue;
      fail(name, "unknown key" + hint_for(name, {known_keys.begin(), known_keys.end()}) +
                     ". A setting of the consumer stands above the first [[route]]");
    }
  }

  void require_only(const std::set<std::string>& allowed, const std::string& reason) const {
    for (const auto& [name, value] : table_.values) {
      if (!allowed.contains(name)) fail(name, reason + ". Leave it out");
    }
  }

  std::optional<std::string> text(const std::string& name) const {
    const auto* value = table_.find(name);
    if (value == nullptr) return std::nullopt;
    const auto* given = std::get_if<std::string>(value);
    if (given == nullptr) fail(name, "expected a text");
    return *given;
  }

  std::string required_text(const std::string& name, const std::string& remedy) const {
    const auto* value = table_.find(name);
    if (value == nullptr) fail(name, "is missing. " + remedy);
    const auto* given = std::get_if<std::string>(value);
    if (given == nullptr) fail(name, "expected a text. " + remedy);
    if (given->empty()) fail(name, "is empty. " + remedy);
    return *given;
  }

  bool flag(const std::string& name) const {
    const auto* value = table_.find(name);
    if (value == nullptr) return false;
    const auto* given = std::get_if<bool>(value);
    if (given == nullptr) fail(name, "expected true or false");
    return *given;
  }

  Route::Mode mode() const {
    const auto given = text("mode").value_or("upsert");
    if (given == "upsert") return Route::Mode::Rows;
    if (given == "append") return Route::Mode::History;
    fail("mode", "'" + given +
                     "' is not a mode. Give upsert (a row for each row of the source, the default) "
                     "or append (a row for each event)");
  }

  void read_create() {
    const auto* value = table_.find("create");
    if (value == nullptr) return;
    if (const auto* statement = std::get_if<std::string>(value)) {
      if (statement->empty()) fail("create", "is empty. Give true, or a CREATE TABLE statement");
      route_.create = true;
      route_.create_statement = *statement;
    } else if (const auto* given = std::get_if<bool>(value)) {
      route_.create = *given;
    } else {
      fail("create", "expected true, false or a CREATE TABLE statement");
    }
  }

  std::string table_name() const {
    if (route_.is_managed() && table_.find("columns") == nullptr && table_.find("table") == nullptr)
      return "";
    auto name =
        required_text("table", "Give a table of the SQLite file, for example: table = \"user_analytics\"");
    if (is_reserved_table(name)) {
      fail("table",
           "'" + name + "': names that begin with sqlite_ or _mailboat_ are reserved. Rename the table");
    }
    return name;
  }

  std::vector<RouteColumn> columns() const {
    const auto* value = table_.find("columns");
    if (value == nullptr) return {};
    const auto* given = std::get_if<ConfigTexts>(value);
    if (given == nullptr || given->empty()) {
      fail("columns", "expected columns, for example " + example_column +
                          " under [route.columns]. Leave it out to fill each column of the table from the "
                          "source's column of its name");
    }
    std::vector<RouteColumn> result;
    std::map<std::string, std::string> seen;
    for (const auto& [name, expression] : *given) {
      require_column_name(name);
      if (!expression) {
        fail("columns." + name, "expected a text with an expression, for example " + example_column);
      }
      const auto [other, is_new] = seen.emplace(lower_case(name), name);
      if (!is_new) {
        fail("columns." + name,
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
    if (name.empty()) fail("columns", "a column's name is empty");
    for (const auto own : {version_column, route_column, event_id_column, op_column, time_column}) {
      if (lower_case(name) == own)
        fail("columns." + name, "mailboat itself writes this column. Leave it out");
    }
  }

  Texts key() const {
    const auto* value = table_.find("key");
    if (value == nullptr) return {};
    if (route_.mode == Route::Mode::History) {
      fail("key",
           "mode = \"append\" writes a row for each event, and the event's id is its key. Leave it out");
    }
    if (route_.is_managed()) {
      fail("key",
           "a table that mailboat makes from the source's description has the source's key. Leave it "
           "out, or list [route.columns]");
    }
    const auto* given = std::get_if<Texts>(value);
    if (given == nullptr) fail("key", "expected a list of column names, for example: " + example_key);
    if (given->empty())
      fail("key", "is empty. List the columns that name a row, for example: " + example_key);
    Texts result;
    std::set<std::string> seen;
    for (const auto& name : *given) {
      if (name.empty()) fail("key", "a column's name is empty");
      if (lower_case(name) == version_column)
        fail("key", "_version is mailboat's own and changes with each event. Leave it out");
      if (!seen.insert(lower_case(name)).second) fail("key", "column '" + name + "' stands there twice");
      result.push_back(spelled(name));
    }
    return result;
  }

  std::string spelled(const std::string& name) const {
    if (route_.columns.empty()) return name;
    for (const auto& column : route_.columns) {
      if (lower_case(column.name) == lower_case(name)) return column.name;
    }
    fail("key", "column '" + name +
                    "' is not among the route's columns. Add it to [route.columns], for example: " + name +
                    " = \":" + name + "\"");
  }

  void check_default() const {
    if (!route_.is_default() || route_.mode == Route::Mode::History) return;
    if (!route_.is_managed()) {
      fail("topic",
           "a default route (\"*\") has skip = true, or mode = \"append\" with a table, or create = "
           "true with a table's name such as \"copy_of_{schema}_{table}\"");
    }
    if (!route_.table.empty() && route_.table.find("{table}") == std::string::npos) {
      fail("table",
           "a default route makes a table for each of the source's: its name needs {table}, for "
           "example \"copy_of_{schema}_{table}\"");
    }
  }

  const ConfigTable& table_;
  Route route_;
};

bool writes_same_table(const Route& one, const Route& other) {
  return !one.skip && !other.skip && !one.table.empty() && lower_case(one.table) == lower_case(other.table);
}

// What several routes write has to be told apart.
void require_tellable(const Route& one, const Route& other) {
  if (one.source != other.source || !writes_same_table(one, other)) return;
  if (one.mode != other.mode) {
    throw ConfigurationError(place_of(one, "mode") + ": another route appends to table '" + one.table +
                             "', and both cannot share it. Give one of them another table");
  }
  if (one.is_managed() || other.is_managed()) {
    throw ConfigurationError(
        place_of(one, "table") + ": '" + one.table +
        "' is made from the description of one table of the source, and cannot be shared. "
        "List [route.columns], or give it another name");
  }
  if (one.name == other.name) {
    throw ConfigurationError(place_of(one, "name") + ": another route of the same name writes to table '" +
                             one.table +
                             "'. Give each a name of its own, for example: name = \"work_address\"");
  }
}

void require_alone(const Route& one, const Route& other) {
  if (one.topic != other.topic || one.source != other.source) return;
  if (one.skip || other.skip) {
    throw ConfigurationError(place_of(one, "skip") +
                             ": another route has the same topic. Leave one of them out");
  }
  if (one.is_default()) {
    throw ConfigurationError(place_of(one, "topic") +
                             ": there is a default route already. Leave one of them out");
  }
  if (one.is_managed() && other.is_managed() && lower_case(one.table) == lower_case(other.table)) {
    throw ConfigurationError(place_of(one, "table") +
                             ": another route of this topic makes the same table. Leave "
                             "one of them out");
  }
}

}  // namespace

std::string place_of(const Route& route, const std::string& key) {
  const auto& place = route.place;
  if (place.file.empty()) return "the table of " + route.topic + ": " + key;
  const auto found = place.lines.find(key);
  const auto around = place.lines.find(key.substr(0, key.find('.')));
  const auto line = found != place.lines.end()    ? found->second
                    : around != place.lines.end() ? around->second
                                                  : place.line;
  return place_in(place.file, line) + ": route " + std::to_string(place.number) +
         (route.topic.empty() ? "" : " (" + route.topic + ")") + ": " + key;
}

std::vector<Route> parse_routes(const std::string& file, const std::vector<ConfigTable>& tables) {
  std::vector<Route> routes;
  Mistakes mistakes;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    mistakes.attempt([&] {
      auto route = RouteReader(file, i + 1, tables[i]).read();
      for (const auto& other : routes) {
        require_alone(route, other);
        require_tellable(route, other);
      }
      routes.push_back(std::move(route));
    });
  }
  mistakes.raise();
  return routes;
}

std::vector<Route> routes_of(const std::vector<Route>& routes, std::string_view topic) {
  std::vector<Route> own;
  std::vector<Route> by_default;
  for (const auto& route : routes) {
    if (route.topic == topic) own.push_back(route);
    if (route.is_default()) by_default.push_back(route);
  }
  return own.empty() ? by_default : own;
}

bool shares_table(const std::vector<Route>& routes, const Route& route) {
  const auto same = [&route](const Route& other) { return writes_same_table(route, other); };
  return std::count_if(routes.begin(), routes.end(), same) > 1;
}

}  // namespace mailboat::consumer
