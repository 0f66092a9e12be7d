#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/task_filter.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// One event for one subscription. Times are UTC in ISO 8601; what does not apply is nullopt, also topic, op
/// and payload once the event has left the log.
struct Task {
  std::string subscription;
  std::int64_t id = 0;
  std::optional<std::string> txid, topic, op;
  std::string status;
  std::int64_t retry_count = 0, max_attempts = 0;
  std::optional<std::string> last_error;
  std::optional<std::string> created_at, first_failed_at, next_attempt_at, failed_at, completed_at;
  double age = 0;                         ///< seconds since it was first refused
  std::optional<double> until_next = {};  ///< seconds; below zero: due
  bool superseded = false;                ///< completed because the row had moved on meanwhile
  std::optional<std::string> compensated_at, compensation_error;
  std::optional<std::string> decided_by, decided_at;
};

/// What happened to a task, and when.
struct HistoryEntry {
  std::string at, what;
  std::optional<std::string> detail, decided_by;
};

/// A task with all that is known of it.
struct TaskDetails {
  Task task;
  std::optional<std::string> payload;  ///< JSON, as it stands in the log
  std::vector<HistoryEntry> history;   ///< oldest first
};

struct TaskList {
  std::vector<Task> tasks;
  std::int64_t more = 0;  ///< how many match beyond these
};

/// Throws Error when there is no such subscription.
void require_subscription(postgres::Connection& connection, const std::string& name);

/// Throws Error for the first id of `filter` that is no rejected event of its subscription, or to whose
/// status `objection` has something to say; it returns how a sentence about the task goes on, or nothing.
void require_tasks(postgres::Connection& connection, const TaskFilter& filter,
                   const std::function<std::string(const std::string& status)>& objection);

/// Rejected events that match, in order of subscription and id; at most `limit`.
TaskList read_tasks(postgres::Connection& connection, const TaskFilter& filter, std::int64_t limit);

/// Also for an event that was never rejected. Throws Error when the subscription or the event does not exist.
TaskDetails read_task(postgres::Connection& connection, const std::string& subscription, std::int64_t id);

}  // namespace mailboat::cli
