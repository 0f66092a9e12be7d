#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat {

/// Who keeps full partitions in the log.
struct LogHolder {
  std::string subscription;
  std::string what;  ///< cursor (not acknowledged), task (open) or replay
  std::int64_t bytes = 0;
};

/// How much the log holds, and why.
struct LogStatus {
  std::int64_t bytes = 0;
  std::int64_t partitions = 0;  ///< with events in them
  bool default_in_use = false;  ///< the DEFAULT partition holds events, which a producer has to take in
  bool is_kept = false;         ///< some producer keeps the log at this moment
  std::vector<LogHolder> holders;
  std::int64_t last_event_id = 0;  ///< the highest that has been handed out
};

/// Throws StatementFailed or ConnectionLost.
LogStatus read_log_status(postgres::Connection& connection);

}  // namespace mailboat
