#include "cli/routes_file.hpp"

#include "common/config_file.hpp"
#include "common/error.hpp"

namespace mailboat::cli {

namespace {

std::vector<consumer::Source> sources_in(const std::string& file, const ConfigFile& config) {
  const auto found = config.tables.find("source");
  if (found != config.tables.end()) return consumer::parse_sources(file, found->second);
  consumer::Source only;
  const auto subscription = config.entries.find("subscription");
  if (subscription != config.entries.end() && subscription->second && subscription->second->size() == 1) {
    only.subscription = subscription->second->front();
  }
  return {only};
}

consumer::Source choose(const std::string& file, const std::vector<consumer::Source>& sources,
                        const std::string& name) {
  std::string names;
  for (const auto& source : sources) {
    if (source.name == name) return source;
    names += (names.empty() ? "" : ", ") + source.name;
  }
  if (name.empty() && sources.size() == 1) return sources.front();
  if (name.empty()) {
    throw ConfigurationError(file + " has several sources: choose one with --source (" + names + ")");
  }
  throw ConfigurationError(file + ": there is no [[source]] '" + name + "'" +
                           (names.empty() ? "" : " (there are: " + names + ")"));
}

}  // namespace

RoutesFile read_routes(const std::string& file, const std::string& source) {
  const auto config = read_config_file(file);
  const auto found = config.tables.find("route");
  if (found == config.tables.end() || found->second.empty()) {
    throw ConfigurationError(
        file + ": there is no [[route]] in it: tracked tables become tables of their own names");
  }
  auto routes = consumer::parse_routes(file, found->second);
  const auto sources = sources_in(file, config);
  consumer::assign_routes(routes, sources);
  const auto chosen = choose(file, sources, source);
  return {chosen, consumer::routes_of_source(chosen, routes)};
}

std::vector<consumer::Relation> read_relations(postgres::Connection& connection) {
  const auto rows = connection.query(
      "SELECT DISTINCT ON (topic) topic, description FROM outbox.relation JOIN outbox.tracked USING (topic)"
      " ORDER BY topic, event_id DESC");
  std::vector<consumer::Relation> relations;
  for (int row = 0; row < rows.size(); ++row) {
    relations.push_back(consumer::parse_relation(rows.text(row, 0), rows.text(row, 1)));
  }
  return relations;
}

}  // namespace mailboat::cli
