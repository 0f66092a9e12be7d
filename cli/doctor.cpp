#include "cli/doctor.hpp"

#include "cli/sentence.hpp"

namespace mailboat::cli {
namespace {

constexpr auto insufficient_privilege = "42501";

void append(Findings& findings, Findings (*check)(postgres::Connection&), postgres::Connection& connection,
            const char* name) {
  try {
    const auto found = check(connection);
    findings.insert(findings.end(), found.begin(), found.end());
  } catch (const postgres::StatementFailed& error) {
    if (error.sqlstate() != insufficient_privilege) throw;
    findings.push_back({Severity::Warning, name, "could not be checked: " + server_sentence(error.what()),
                        "Run doctor as the role that ran mailboat migrate, or as a superuser."});
  }
}

}  // namespace

Findings examine(postgres::Connection& connection) {
  auto findings = check_foundation(connection);
  if (findings.back().severity == Severity::Problem) return findings;
  append(findings, check_surroundings, connection, "surroundings");
  append(findings, check_capture, connection, "capture");
  return findings;
}

}  // namespace mailboat::cli
