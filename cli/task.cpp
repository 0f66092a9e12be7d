#include "cli/task.hpp"

#include <charconv>

#include "common/error.hpp"

namespace mailboat::cli {
namespace {

std::string utc(const std::string& column) {
  return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
}

// In the order in which read_row() takes them; `r`, `s`, `e` and `d` as in matching_tasks.
const std::string task_columns =
    "SELECT r.subscription, r.event_id, r.txid, coalesce(e.topic, d.topic), "
    "coalesce(e.op, CASE WHEN d.topic IS NOT NULL THEN 'R'::\"char\" END), r.status, r.retry_count, "
    "s.max_attempts, "
    "r.last_error, r.superseded, extract(epoch FROM statement_timestamp() - r.first_failed_at), "
    "extract(epoch FROM r.next_attempt_at - statement_timestamp()), r.compensation_error, r.decided_by, " +
    utc("e.created_at") + ", " + utc("r.first_failed_at") + ", " + utc("r.next_attempt_at") + ", " +
    utc("r.failed_at") + ", " + utc("r.completed_at") + ", " + utc("r.compensated_at") + ", " +
    utc("r.decided_at");
constexpr int column_count = 21;

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Task read_row(const postgres::Rows& rows, int row) {
  Task task;
  task.subscription = rows.text(row, 0);
  task.id = rows.int64(row, 1);
  task.txid = rows.optional_text(row, 2);
  task.topic = rows.optional_text(row, 3);
  task.op = rows.optional_text(row, 4);
  task.status = rows.text(row, 5);
  task.retry_count = rows.int64(row, 6);
  task.max_attempts = rows.int64(row, 7);
  task.last_error = rows.optional_text(row, 8);
  task.superseded = rows.boolean(row, 9);
  task.age = number(rows.text(row, 10));
  if (!rows.is_null(row, 11)) task.until_next = number(rows.text(row, 11));
  task.compensation_error = rows.optional_text(row, 12);
  task.decided_by = rows.optional_text(row, 13);
  task.created_at = rows.optional_text(row, 14);
  task.first_failed_at = rows.optional_text(row, 15);
  task.next_attempt_at = rows.optional_text(row, 16);
  task.failed_at = rows.optional_text(row, 17);
  task.completed_at = rows.optional_text(row, 18);
  task.compensated_at = rows.optional_text(row, 19);
  task.decided_at = rows.optional_text(row, 20);
  return task;
}

std::vector<HistoryEntry> read_history(postgres::Connection& connection, const std::string& subscription,
                                       std::int64_t id) {
  const auto rows = connection.query("SELECT " + utc("h.at") +
                                         ", h.what, h.detail, h.decided_by FROM outbox.rejection_history h "
                                         "WHERE h.subscription = $1 AND h.event_id = $2 ORDER BY h.id",
                                     {subscription, std::to_string(id)});
  std::vector<HistoryEntry> history;
  for (int row = 0; row < rows.size(); ++row) {
    history.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)),
                       rows.optional_text(row, 2), rows.optional_text(row, 3)});
  }
  return history;
}

[[noreturn]] void refuse_unknown(const std::string& subscription, const std::string& id) {
  throw Error("subscription \"" + subscription + "\" has no task " + id + ". mailboat failed list " +
              subscription + " lists those it has");
}

// An event that was never rejected: pending, or completed at the first try.
TaskDetails read_event(postgres::Connection& connection, const std::string& subscription, std::int64_t id) {
  const auto rows = connection.query(
      "SELECT t.topic, t.op, t.status, " + utc("t.created_at") +
          ", t.payload, s.max_attempts FROM outbox.task t "
          "JOIN outbox.subscription s ON s.name = t.subscription WHERE t.subscription = $1 AND t.id = $2",
      {subscription, std::to_string(id)});
  if (rows.empty()) refuse_unknown(subscription, std::to_string(id));
  TaskDetails details;
  details.task.subscription = subscription;
  details.task.id = id;
  details.task.topic = rows.optional_text(0, 0);
  details.task.op = rows.optional_text(0, 1);
  details.task.status = rows.text(0, 2);
  details.task.created_at = rows.optional_text(0, 3);
  details.payload = rows.optional_text(0, 4);
  details.task.max_attempts = rows.int64(0, 5);
  return details;
}

}  // namespace

void require_subscription(postgres::Connection& connection, const std::string& name) {
  if (!connection.query("SELECT FROM outbox.subscription WHERE name = $1", {name}).empty()) return;
  throw Error("there is no subscription \"" + name + "\". mailboat status lists the subscriptions");
}

void require_tasks(postgres::Connection& connection, const TaskFilter& filter,
                   const std::function<std::string(const std::string& status)>& objection) {
  if (filter.ids.empty()) return;
  const auto rows = connection.query(
      "SELECT named.id, r.status FROM unnest($2::bigint[]) WITH ORDINALITY named(id, position) "
      "LEFT JOIN outbox.rejection r ON r.subscription = $1 AND r.event_id = named.id ORDER BY named.position",
      {filter.subscription, id_array(filter.ids)});
  for (int row = 0; row < rows.size(); ++row) {
    const std::string id(rows.text(row, 0));
    if (rows.is_null(row, 1)) refuse_unknown(*filter.subscription, id);
    const auto reason = objection(std::string(rows.text(row, 1)));
    if (!reason.empty())
      throw Error("task " + id + " of subscription \"" + *filter.subscription + "\" " + reason);
  }
}

TaskList read_tasks(postgres::Connection& connection, const TaskFilter& filter, std::int64_t limit) {
  auto params = filter_params(filter);
  const auto total = connection.query(std::string("SELECT count(*) ") + matching_tasks, params).int64(0, 0);
  params.emplace_back(std::to_string(limit));
  const auto rows = connection.query(
      task_columns + matching_tasks + "ORDER BY r.subscription, r.event_id LIMIT $8::bigint", params);
  TaskList list;
  for (int row = 0; row < rows.size(); ++row) list.tasks.push_back(read_row(rows, row));
  list.more = std::max<std::int64_t>(total - rows.size(), 0);
  return list;
}

TaskDetails read_task(postgres::Connection& connection, const std::string& subscription, std::int64_t id) {
  require_subscription(connection, subscription);
  const TaskFilter filter{.subscription = subscription, .ids = {id}};
  const auto rows = connection.query(
      task_columns + ", CASE WHEN e.id IS NULL THEN d.description ELSE e.payload END" + matching_tasks,
      filter_params(filter));
  if (rows.empty()) return read_event(connection, subscription, id);
  return {read_row(rows, 0), rows.optional_text(0, column_count), read_history(connection, subscription, id)};
}

}  // namespace mailboat::cli
