#pragma once

#include <string>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// The routes of a consumer's configuration file; its settings are passed over. Throws ConfigurationError
/// where the file cannot be read, a route has a mistake, or there is none.
std::vector<consumer::Route> read_routes(const std::string& file);

/// What the source says of its tracked tables now.
std::vector<consumer::Relation> read_relations(postgres::Connection& connection);

}  // namespace mailboat::cli
