#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::cli {

enum class Severity {
  Ok,
  Note,  ///< worth knowing, and nothing to be done about
  Warning,
  Problem
};

/// What doctor has to say about one thing.
struct Finding {
  Severity severity = Severity::Ok;
  std::string check;   ///< short and stable: scripts match on it
  std::string text;    ///< what was found
  std::string remedy;  ///< what to do about it; empty when nothing is to be done
};

using Findings = std::vector<Finding>;

/// From where on something is worth a warning.
struct Limits {
  std::chrono::seconds transaction_age = std::chrono::minutes(5);
  std::int64_t retained_bytes = std::int64_t{5} * 1024 * 1024 * 1024;
};

/// Is this a server and a schema that mailboat can work with at all? Ends at the first problem.
Findings check_foundation(postgres::Connection& connection);
/// Roles, settings, and other sessions that delay events or keep space occupied.
Findings check_surroundings(postgres::Connection& connection, const Limits& limits);
/// Does every tracked table still write its changes to the log, all of them, as described?
Findings check_capture(postgres::Connection& connection);
/// What of the tracked columns does a replica not keep?
Findings check_types(postgres::Connection& connection);

/// All of the above. A check that this role may not run is a warning.
Findings examine(postgres::Connection& connection, const Limits& limits = {});

}  // namespace mailboat::cli
