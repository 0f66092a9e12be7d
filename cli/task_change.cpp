#include "cli/task_change.hpp"

namespace mailboat::cli {
namespace {

// Locks what is about to be changed, in the order of ids as the producer does. A task that somebody else has
// changed meanwhile is looked at again once the lock is had, and left out if it does not match any more.
const std::string lock_matching =
    std::string("SELECT coalesce(array_agg(locked.event_id), '{}') FROM (SELECT r.event_id ") +
    matching_tasks +
    "AND ($8::boolean OR r.compensated_at IS NULL) ORDER BY r.event_id FOR UPDATE OF r) locked";

}  // namespace

ChangePlan plan_change(postgres::Connection& connection, const TaskFilter& filter, bool compensated_too) {
  const auto rows = connection.query(std::string("SELECT r.event_id, r.compensated_at IS NOT NULL ") +
                                         matching_tasks + "ORDER BY r.event_id",
                                     filter_params(filter));
  ChangePlan plan;
  for (int row = 0; row < rows.size(); ++row) {
    const bool left_out = rows.boolean(row, 1) && !compensated_too;
    if (left_out) {
      ++plan.compensated;
    } else {
      plan.ids.push_back(rows.int64(row, 0));
    }
  }
  return plan;
}

std::int64_t carry_out(postgres::Connection& connection, TaskChange change, const TaskFilter& filter,
                       const ChangePlan& plan, bool compensated_too, const std::string& decided_by) {
  auto confirmed = filter;
  confirmed.ids = plan.ids;
  auto params = filter_params(confirmed);
  params.emplace_back(compensated_too ? "true" : "false");
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
  const std::string ids(transaction.query(lock_matching, params).text(0, 0));
  const auto changed =
      change == TaskChange::Retry
          ? transaction.query("SELECT outbox.retry_failed($1, $2::bigint[], $3, $4::boolean)",
                              {filter.subscription, ids, decided_by, params.back()})
          : transaction.query("SELECT outbox.discard_failed($1, $2::bigint[], $3)",
                              {filter.subscription, ids, decided_by});
  const auto count = changed.int64(0, 0);
  transaction.commit();
  return count;
}

}  // namespace mailboat::cli
