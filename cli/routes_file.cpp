#include "cli/routes_file.hpp"

#include "common/config_file.hpp"
#include "common/error.hpp"

namespace mailboat::cli {

std::vector<consumer::Route> read_routes(const std::string& file) {
  const auto config = read_config_file(file);
  const auto found = config.tables.find("route");
  if (found == config.tables.end() || found->second.empty()) {
    throw ConfigurationError(
        file + ": there is no [[route]] in it: tracked tables become tables of their own names");
  }
  return consumer::parse_routes(file, found->second);
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
