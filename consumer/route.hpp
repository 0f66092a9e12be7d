#pragma once

#include <string>
#include <vector>

#include "common/config_file.hpp"

namespace mailboat::consumer {

/// A column of the target table, and the field of the payload that it is read from.
struct RouteColumn {
  std::string name;
  std::string field;
  friend bool operator==(const RouteColumn&, const RouteColumn&) = default;
};

/// How a topic becomes rows of a SQLite table that the operator has made. docs/routes.md is the manual.
struct Route {
  std::string topic;
  std::string table;
  std::vector<std::string> key;      ///< columns of the table, spelled as in `columns`
  std::vector<RouteColumn> columns;  ///< empty: each column of the table, from the field of its name
  friend bool operator==(const Route&, const Route&) = default;
};

/// The `[[route]]` tables of a configuration file, one for each topic. Throws ConfigurationError for the
/// first mistake: file, number and topic of the route, key, and what to do. Pure.
std::vector<Route> parse_routes(const std::string& file, const std::vector<ConfigTable>& tables);

}  // namespace mailboat::consumer
