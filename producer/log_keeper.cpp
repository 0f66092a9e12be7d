#include "producer/log_keeper.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Class "mbot", object 3: one keeper at a time.
constexpr auto try_lock = "SELECT pg_try_advisory_lock(1835162484, 3)";

constexpr milliseconds shortest_interval{100};
constexpr milliseconds busy_interval{seconds(2)};
constexpr milliseconds quiet_interval{seconds(10)};

// Locks that could not be had are nothing to tell anybody of, unless it goes on.
constexpr int many_failures = 10;

bool is_lock_failure(const postgres::StatementFailed& error) {
  return error.sqlstate() == "55P03" || error.sqlstate() == "55006" || error.sqlstate() == "40P01";
}

std::string interval(milliseconds duration) { return std::to_string(duration.count()) + " milliseconds"; }

std::string id_array(const std::vector<EventId>& ids) {
  std::vector<std::string> texts;
  for (const auto id : ids) texts.push_back(std::to_string(id));
  return postgres::array_literal(texts);
}

}  // namespace

LogLayout read_log_layout(postgres::Connection& connection) {
  LogLayout layout;
  const auto state = connection.query("SELECT outbox.last_id(), outbox.overflow_is_checked()");
  layout.next_id = state.uint64(0, 0) + 1;
  if (!state.is_null(0, 1)) layout.overflow_checked = state.boolean(0, 1);
  const auto rows =
      connection.query("SELECT name, from_id, to_id, bytes, empty FROM outbox.log_partitions()");
  for (int row = 0; row < rows.size(); ++row) {
    if (rows.is_null(row, 1)) {
      layout.default_bytes = rows.uint64(row, 3);
      layout.default_in_use = !rows.boolean(row, 4);
    } else {
      layout.partitions.push_back({std::string(rows.text(row, 0)), rows.uint64(row, 1), rows.uint64(row, 2),
                                   rows.uint64(row, 3), rows.boolean(row, 4)});
    }
  }
  return layout;
}

LogKeeper::LogKeeper(postgres::Connection& connection, RetentionLimits limits)
    : connection_(connection), limits_(limits) {}

milliseconds LogKeeper::step() {
  if (!is_ours()) return quiet_interval;
  bool is_busy = true;
  attempt(looking_, [&] {
    connection_.query("SELECT outbox.note_moment($1::interval)", {interval(limits_.retention)});
    auto layout = look();
    is_busy = std::exchange(seen_id_, layout.next_id) != layout.next_id;
    attempt(arranging_, [&] { arrange(layout); });
    attempt(truncating_, [&] { truncate(layout); });
  });
  auto next = is_busy ? busy_interval : quiet_interval;
  for (const auto* chore : {&looking_, &arranging_, &truncating_}) {
    if (chore->failures > 0)
      next = std::min(next, std::chrono::ceil<milliseconds>(chore->due - Clock::now()));
  }
  return std::max(next, shortest_interval);
}

bool LogKeeper::is_ours() {
  if (!is_ours_) is_ours_ = connection_.query(try_lock).boolean(0, 0);
  return is_ours_;
}

void LogKeeper::attempt(Chore& chore, const std::function<void()>& work) {
  if (Clock::now() < chore.due) return;
  try {
    work();
    chore.failures = 0;
    chore.trouble.over("the log is being kept again", {{"chore", chore.name}});
    chore.backoff.succeeded();
  } catch (const postgres::StatementFailed& error) {
    failed(chore, error);
  }
}

void LogKeeper::failed(Chore& chore, const postgres::StatementFailed& error) {
  chore.due = Clock::now() + chore.backoff.next();
  ++chore.failures;
  if (!is_lock_failure(error)) {
    chore.trouble.say(log::Level::Warning, without_digits(error.what()), "the log cannot be kept",
                      {{"chore", chore.name}, {"error", error.what()}});
  } else if (chore.failures >= many_failures) {
    chore.trouble.say(log::Level::Warning, "",
                      "the log waits to be kept: somebody holds locks on it all the time",
                      {{"chore", chore.name}, {"error", error.what()}});
  }
}

// Ids have run past all partitions, or the log is from before there were any.
void LogKeeper::take_overflow(const LogLayout& layout) {
  if (layout.overflow_checked == true) return;
  if (!layout.overflow_checked) connection_.query("SELECT outbox.mark_overflow()");
  connection_.query("SELECT outbox.check_overflow()");
  log::info("the DEFAULT partition of the log will become an ordinary one",
            {{"bytes", layout.default_bytes}});
}

void LogKeeper::arrange(LogLayout& layout) {
  connection_.query("SELECT outbox.drop_removed()");
  if (has_overflowed(layout)) {
    take_overflow(layout);
    layout = look();
  }
  if (const auto plan = plan_arrangement(layout, limits_); !plan.changes_nothing()) {
    // The commit is not waited for: it would be under the lock that stops writers, for as long as the disk
    // takes. A crash may undo it, and then it is done again; a row that was written to a new partition before
    // its own commit is on the disk only with it. Source: PostgreSQL manual, 30.4 "Asynchronous Commit".
    connection_.query(
        "SELECT set_config('synchronous_commit', 'off', true),"
        " outbox.arrange_partitions($1::bigint[], $2::bigint[])",
        {id_array(plan.removed), id_array(plan.sizes)});
    log::info("partitions of the log arranged", {{"removed", plan.removed.size()},
                                                 {"added", plan.sizes.size()},
                                                 {"ids_each", plan.sizes.empty() ? 0 : plan.sizes.front()}});
    layout = look();
  }
  if (may_leave_tail(layout) && connection_.query("SELECT outbox.leave_tail()").boolean(0, 0)) {
    log::info("more has been written than there were partitions for; ids go on behind a gap",
              {{"last_id", layout.next_id - 1}});
    layout = look();
  }
}

void LogKeeper::truncate(const LogLayout& layout) {
  for (const auto& candidate : truncation_candidates(layout, limits_)) truncate(candidate);
}

void LogKeeper::truncate(const TruncationCandidate& candidate) {
  const auto limit = format_byte_size(limits_.max_retained);
  const auto reason = "its replica was behind when the log grew beyond max_retained_bytes (" + limit + ")";
  const auto rows = connection_.query(
      "SELECT c.subscription FROM outbox.truncate_partition($1::bigint, $2::interval, $3) t(cut_off)"
      " LEFT JOIN LATERAL unnest(t.cut_off) c(subscription) ON true WHERE t.cut_off IS NOT NULL",
      {std::to_string(candidate.partition->from), interval(limits_.retention),
       candidate.is_excess ? std::optional(reason) : std::nullopt});
  if (rows.empty()) return;
  log::info("a partition of the log was emptied",
            {{"partition", candidate.partition->name}, {"bytes", candidate.partition->bytes}});
  for (int row = 0; row < rows.size(); ++row) {
    if (!rows.is_null(row, 0))
      log::warn("a subscription was cut off: its tables are going to be loaded",
                {{"subscription", rows.text(row, 0)}, {"reason", reason}});
  }
}

}  // namespace mailboat::producer
