#pragma once

#include <string>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "consumer/source.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// The routes of one source in a consumer's configuration file.
struct RoutesFile {
  consumer::Source source;
  std::vector<consumer::Route> routes;
};

/// Reads them; the file's settings are passed over. `source` may be empty where there is one only. Throws
/// ConfigurationError where the file cannot be read, a route or a source has a mistake, there is no route, or
/// which source is not clear.
RoutesFile read_routes(const std::string& file, const std::string& source);

/// What the source says of its tracked tables now.
std::vector<consumer::Relation> read_relations(postgres::Connection& connection);

}  // namespace mailboat::cli
