#include "consumer/route.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/error.hpp"
#include "consumer/table_schema.hpp"

namespace mailboat::consumer {
namespace {

using Texts = std::vector<std::string>;

const std::string example_key = "key = [\"user_id\"]";
const std::string example_column = "user_id = \":user_id\"";

// SQLite's rule for the name of a parameter, which is what a field becomes in an expression.
bool is_name_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         byte >= 0x80;
}

/// Reads one [[route]].
class RouteReader {
 public:
  RouteReader(const std::string& file, std::size_t number, const ConfigTable& table)
      : place_(file + ": route " + std::to_string(number)), table_(table) {}

  Route read() {
    Route route;
    route.topic =
        text("topic", "Give the first argument of outbox.publish(), for example: topic = \"create_user\"");
    place_ += " (" + route.topic + ")";
    refuse_unknown_keys();
    route.table = text("table", "Give a table of the SQLite file, for example: table = \"user_analytics\"");
    if (is_reserved_table(route.table)) {
      fail("table", "'" + route.table +
                        "': names that begin with sqlite_ or _mailboat_ are reserved. Rename the table");
    }
    route.columns = columns();
    route.key = key(route.columns);
    return route;
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    throw ConfigurationError(place_ + ": " + key + ": " + sentence);
  }

  void refuse_unknown_keys() const {
    static const std::set<std::string> known{"topic", "table", "key", "columns"};
    for (const auto& [name, value] : table_.values) {
      if (!known.contains(name))
        fail(name,
             "unknown key (known: topic, table, key, columns). A setting of the consumer stands above the "
             "first [[route]]");
    }
  }

  std::string text(const std::string& name, const std::string& remedy) const {
    const auto* value = table_.find(name);
    if (value == nullptr) fail(name, "is missing. " + remedy);
    const auto* given = std::get_if<std::string>(value);
    if (given == nullptr) fail(name, "expected a text. " + remedy);
    if (given->empty()) fail(name, "is empty. " + remedy);
    return *given;
  }

  std::vector<RouteColumn> columns() const {
    const auto* value = table_.find("columns");
    if (value == nullptr) return {};
    const auto* given = std::get_if<ConfigTexts>(value);
    if (given == nullptr || given->empty()) {
      fail("columns", "expected columns, for example " + example_column +
                          " under [route.columns]. Leave it out to fill each column of the table from the "
                          "field of its name");
    }
    std::vector<RouteColumn> result;
    std::map<std::string, std::string> seen;
    for (const auto& [name, field] : *given) {
      require_column_name(name);
      const auto [other, is_new] = seen.emplace(lower_case(name), name);
      if (!is_new) {
        fail("columns." + name,
             "SQLite takes it for the same column as '" + other->second + "'. Leave one of them out");
      }
      result.push_back({name, field_of(name, field)});
    }
    return result;
  }

  void require_column_name(const std::string& name) const {
    if (name.empty()) fail("columns", "a column's name is empty");
    if (lower_case(name) == version_column) {
      fail("columns." + name, "mailboat itself writes this column. Leave it out");
    }
  }

  std::string field_of(const std::string& column, const std::optional<std::string>& value) const {
    const auto name = "columns." + column;
    if (!value)
      fail(name, "expected a text that names a field of the payload, for example " + example_column);
    auto field = value->substr(value->starts_with(':') ? 1 : 0);
    if (!value->starts_with(':') || field.empty() ||
        !std::all_of(field.begin(), field.end(), is_name_character)) {
      fail(name, "'" + *value +
                     "' is not a field of the payload. Write a colon and the field's name, for example " +
                     example_column + "; expressions are not supported yet");
    }
    return field;
  }

  Texts key(const std::vector<RouteColumn>& columns) const {
    const auto* value = table_.find("key");
    if (value == nullptr)
      fail("key", "is missing. List the columns that name a row, for example: " + example_key);
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
      result.push_back(spelled(name, columns));
    }
    return result;
  }

  std::string spelled(const std::string& name, const std::vector<RouteColumn>& columns) const {
    if (columns.empty()) return name;
    for (const auto& column : columns) {
      if (lower_case(column.name) == lower_case(name)) return column.name;
    }
    fail("key", "column '" + name +
                    "' is not among the route's columns. Add it to [route.columns], for example: " + name +
                    " = \":" + name + "\"");
  }

  std::string place_;  // begins each sentence
  const ConfigTable& table_;
};

}  // namespace

std::vector<Route> parse_routes(const std::string& file, const std::vector<ConfigTable>& tables) {
  std::vector<Route> routes;
  for (const auto& table : tables) {
    auto route = RouteReader(file, routes.size() + 1, table).read();
    for (std::size_t i = 0; i < routes.size(); ++i) {
      if (routes[i].topic != route.topic) continue;
      throw ConfigurationError(
          file + ": route " + std::to_string(routes.size() + 1) + " (" + route.topic + "): topic: route " +
          std::to_string(i + 1) +
          " has the same topic, and several routes for one are not supported yet. Leave one "
          "of them out");
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace mailboat::consumer
