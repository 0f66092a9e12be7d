#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config_file.hpp"

namespace mailboat::consumer {

/// A column of the target table, and the SQL expression over the source's columns that fills it.
struct RouteColumn {
  std::string name;
  std::string expression;
  friend bool operator==(const RouteColumn&, const RouteColumn&) = default;
};

/// Where a route stands in its file.
struct RoutePlace {
  std::string file;
  std::size_t number = 0;
  std::size_t line = 0;
  std::map<std::string, std::size_t> lines = {};                                 ///< of its keys
  friend bool operator==(const RoutePlace&, const RoutePlace&) { return true; }  // means the same elsewhere
};

/// How a topic becomes rows of a SQLite table. docs/routes.md is the manual.
struct Route {
  enum class Mode { Rows, History };
  std::string topic;
  std::string source = {};  ///< whose topic; empty where there is one source only
  std::string name = {};    ///< what a table that several routes write calls its rows; the topic's by default
  std::string table = {};   ///< in a default route with `{schema}` and `{table}`; empty: the automatic name
  Mode mode = Mode::Rows;
  bool skip = false;  ///< the topic's events are dropped
  /// Columns of the table, spelled as in `columns`. Empty: those that hold the source's key as it is.
  std::vector<std::string> key = {};
  /// Empty: each column that both sides have.
  std::vector<RouteColumn> columns = {};
  std::string where = {};             ///< an expression; empty: every row
  bool create = false;                ///< mailboat makes the table where it is missing, ...
  std::string create_statement = {};  ///< ... with this; empty: with one of its own
  bool allow_subqueries = false;
  RoutePlace place = {};

  /// Says what to do with topics that have no route of their own.
  [[nodiscard]] bool is_default() const { return topic == "*"; }
  /// mailboat makes the table and alters it with the source's.
  [[nodiscard]] bool is_managed() const {
    return mode == Mode::Rows && create && create_statement.empty() && columns.empty();
  }
  friend bool operator==(const Route&, const Route&) = default;
};

/// How each sentence about a route's key begins:
/// `consumer.toml, line 12: route 2 (public.users): columns.email`. One that stands in no file is told by its
/// topic.
[[nodiscard]] std::string place_of(const Route& route, const std::string& key);

/// The `[[route]]` tables of a configuration file. Throws ConfigurationError for the first mistake of each:
/// file, line, number and topic of the route, key, and what to do. Pure.
std::vector<Route> parse_routes(const std::string& file, const std::vector<ConfigTable>& tables);

/// The routes that apply to a topic: its own, else the default one, else none.
[[nodiscard]] std::vector<Route> routes_of(const std::vector<Route>& routes, std::string_view topic);

/// True when another route writes to the same table.
[[nodiscard]] bool shares_table(const std::vector<Route>& routes, const Route& route);

}  // namespace mailboat::consumer
