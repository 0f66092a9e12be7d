#include "consumer/route.hpp"

#include <algorithm>

#include "common/mistakes.hpp"
#include "consumer/route_reader.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

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
      auto route = read_route(file, i + 1, tables[i]);
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
