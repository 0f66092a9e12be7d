#include "cli/doctor.hpp"
#include "cli/sentence.hpp"
#include "common/error.hpp"
#include "migrations/migrator.hpp"

namespace mailboat::cli {
namespace {

// What the tests have run against; later ones will most likely do.
constexpr int newest_known_version = 17;

Finding check_version(postgres::Connection& connection) {
  const auto number = connection.server_version();
  const auto text = "PostgreSQL " + std::to_string(number / 10000) + "." + std::to_string(number % 10000);
  if (number / 10000 <= newest_known_version) return {Severity::Ok, "server", text, {}};
  return {Severity::Warning, "server", text + " is newer than this release of mailboat knows",
          "Try it on a copy first, or look for a newer release of mailboat."};
}

}  // namespace

Findings check_foundation(postgres::Connection& connection) {
  Findings findings;
  try {
    migrations::require_supported_server(connection);
    findings.push_back(check_version(connection));
  } catch (const Fatal& error) {
    findings.push_back({Severity::Problem, "server", one_line(error.what()), {}});
    return findings;
  }
  try {
    migrations::require_current_schema(connection);
    findings.push_back({Severity::Ok, "schema", "the schema outbox fits this program", {}});
  } catch (const Fatal& error) {
    findings.push_back({Severity::Problem, "schema", one_line(error.what()), {}});
  }
  return findings;
}

}  // namespace mailboat::cli
