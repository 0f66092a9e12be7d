#pragma once

#include <string>
#include <vector>

#include "common/config_file.hpp"
#include "consumer/route.hpp"

namespace mailboat::consumer {

/// A stream of changes that a SQLite file follows. docs/sources.md is the manual.
struct Source {
  /// Letters, digits, _ and -; each source of a file has its own. Empty: the file's only one, without
  /// `[[source]]`.
  std::string name = {};

  /// Where producers of it listen, in the order in which they are wanted: see Producers.
  std::vector<std::string> producers = {};

  /// The stream to follow, as made by `mailboat subscribe NAME`.
  std::string subscription = {};

  /// What the names of its tables begin with, so that they differ from those of other sources.
  std::string prefix = {};

  /// The producers' public keys: one for all of them, or one for each in the same order. None: no keys are
  /// used.
  std::vector<std::string> producer_keys = {};

  friend bool operator==(const Source&, const Source&) = default;
};

/// The `[[source]]` tables of a configuration file. Throws ConfigurationError for the first mistake of each:
/// file, line, number and name of the source, key, and what to do. Pure.
std::vector<Source> parse_sources(const std::string& file, const std::vector<ConfigTable>& tables);

/// Gives each route its source: the only one, if there is one only. Throws ConfigurationError for a route of
/// which that is not clear, or that writes to the table of another source's route. Pure.
void assign_routes(std::vector<Route>& routes, const std::vector<Source>& sources);

/// The public key of the producer at `endpoint`, one of the source's; empty when no keys are used. Pure.
[[nodiscard]] std::string producer_key_of(const Source& source, const std::string& endpoint);

/// Those of one source. Pure.
[[nodiscard]] std::vector<Route> routes_of_source(const Source& source, const std::vector<Route>& routes);

}  // namespace mailboat::consumer
