#include "cli/doctor.hpp"

#include <functional>

#include "cli/sentence.hpp"

namespace mailboat::cli {
namespace {

constexpr auto insufficient_privilege = "42501";

void append(Findings& findings, const char* name, const std::function<Findings()>& check) {
  try {
    const auto found = check();
    findings.insert(findings.end(), found.begin(), found.end());
  } catch (const postgres::StatementFailed& error) {
    if (error.sqlstate() != insufficient_privilege) throw;
    findings.push_back({Severity::Warning, name, "could not be checked: " + server_sentence(error.what()),
                        "Run doctor as the role that ran mailboat migrate, or as a superuser."});
  }
}

}  // namespace

Findings examine(postgres::Connection& connection, const Limits& limits) {
  auto findings = check_foundation(connection);
  if (findings.back().severity == Severity::Problem) return findings;
  append(findings, "surroundings", [&] { return check_surroundings(connection, limits); });
  append(findings, "capture", [&] { return check_capture(connection); });
  append(findings, "types", [&] { return check_types(connection); });
  return findings;
}

}  // namespace mailboat::cli
