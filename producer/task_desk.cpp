#include "producer/task_desk.hpp"

#include <algorithm>
#include <limits>

#include "common/log.hpp"
#include "producer/outside_text.hpp"
#include "producer/recording.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// Whoever makes a retry due wakes us, so that this is only a belt. It keeps an idle session cheap.
constexpr milliseconds longest_quiet{5000};
// Wake-ups come by the thousand while the source is busy.
constexpr milliseconds shortest_quiet{250};

constexpr std::size_t error_limit = 2000;
constexpr std::size_t file_limit = 100;

constexpr auto retries_statement =
    "SELECT outbox.record_retries($1, $2::bigint[], $3::text[], $4::text[], $5, $6::bigint)";

// Arrays of PostgreSQL, filled row by row.
class Column {
 public:
  void add(std::string value) { values_.push_back(std::move(value)); }
  void add(std::uint64_t value) { values_.push_back(std::to_string(value)); }
  [[nodiscard]] std::string literal() const { return postgres::array_literal(values_); }

 private:
  std::vector<std::string> values_;
};

bool is_event_id(EventId id) { return id > 0 && id <= std::numeric_limits<std::int64_t>::max(); }

}  // namespace

TaskDesk::TaskDesk(postgres::Connection& connection, const Subscription& subscription,
                   std::size_t batch_bytes, Confirm confirm)
    : connection_(connection),
      subscription_(subscription.name),
      batch_bytes_(batch_bytes),
      confirm_(std::move(confirm)),
      reader_(connection, subscription) {}

void TaskDesk::begin(const Hello& hello, const ResumePoint& resume) {
  file_ = outside_text(hello.file, file_limit);
  if (!resume.cursor || file_.empty()) return;
  const auto reopened =
      connection_
          .query("SELECT outbox.reopen_tasks($1, $2, $3::bigint, $4::pg_snapshot)",
                 {subscription_, file_, to_bigint(hello.retries), resume.read_from.to_string()})
          .int64(0, 0);
  if (reopened > 0) {
    log::warn("the replica's file is older than some of its retries, which are sent once more",
              {{"subscription", subscription_}, {"count", reopened}});
  }
}

void TaskDesk::take(Rejected rejected) {
  const auto surplus = std::erase_if(
      rejected.rejections, [](const Rejection& rejection) { return !is_event_id(rejection.event_id); });
  if (surplus > 0) {
    told_.say(log::Level::Warning, "", "rejections of impossible events were dropped",
              {{"subscription", subscription_}, {"count", surplus}});
  }
  if (!rejected.rejections.empty()) reports_.emplace_back(std::move(rejected));
}

void TaskDesk::take(Retried retried) { reports_.emplace_back(std::move(retried)); }

void TaskDesk::record() {
  while (!reports_.empty()) {
    std::visit([this](const auto& report) { record(report); }, reports_.front());
    reports_.pop_front();
    look_at_ = Clock::now();
  }
}

void TaskDesk::record(const Rejected& rejected) {
  Column ids;
  Column transactions;
  Column errors;
  Recorded recorded;
  for (const auto& rejection : rejected.rejections) {
    ids.add(rejection.event_id);
    transactions.add(rejection.transaction);
    errors.add(outside_text(rejection.error, error_limit));
    recorded.event_ids.push_back(rejection.event_id);
  }
  commit("SELECT outbox.reject($1, $2::bigint[], $3::xid8[], $4::text[])",
         {subscription_, ids.literal(), transactions.literal(), errors.literal()});
  told_.say(log::Level::Info, "", "rejected events recorded",
            {{"subscription", subscription_}, {"count", recorded.event_ids.size()}});
  confirm_(recorded);
}

// Only outcomes of what is under way count: a repeated message must not count as another attempt.
void TaskDesk::record(const Retried& retried) {
  Column ids;
  Column results;
  Column errors;
  for (const auto& outcome : retried.outcomes) {
    if (under_way_.erase(outcome.event_id) == 0) continue;
    ids.add(outcome.event_id);
    results.add(std::string(result_name(outcome.result)));
    errors.add(outside_text(outcome.error, error_limit));
  }
  under_way_.clear();
  commit(retries_statement, {subscription_, ids.literal(), results.literal(), errors.literal(), file_,
                             to_bigint(retried.number)});
}

void TaskDesk::give_up(const std::vector<EventId>& lost) {
  Column ids;
  Column results;
  Column errors;
  for (const auto id : lost) {
    ids.add(id);
    results.add("lost");
    errors.add(
        "the event is no longer in the log, or not of this subscription's topics: it cannot be sent again. "
        "Load the table anew if the replica misses its row");
  }
  commit(retries_statement,
         {subscription_, ids.literal(), results.literal(), errors.literal(), std::nullopt, std::nullopt});
}

void TaskDesk::commit(const std::string& statement, const postgres::Params& params) {
  try {
    record_durably(connection_, statement, params);
  } catch (const postgres::StatementFailed& error) {
    throw postgres::StatementFailed("cannot record the tasks of subscription '" + subscription_ +
                                        "', which the replica keeps and reports again: " + error.what(),
                                    error.sqlstate());
  }
}

std::optional<Retry> TaskDesk::due_retry(const Snapshot& sent) {
  const auto now = Clock::now();
  if (!under_way_.empty() || now < look_at_) return std::nullopt;
  looked_at_ = now;
  const auto due = reader_.next_due();
  look_at_ = now + std::min(due.value_or(longest_quiet), longest_quiet);
  if (due != milliseconds(0)) return std::nullopt;

  auto batch = reader_.read(sent, batch_bytes_);
  if (!batch.lost.empty()) give_up(batch.lost);
  if (batch.events.empty()) return std::nullopt;
  under_way_.insert(batch.events.ids().begin(), batch.events.ids().end());
  log::debug("retry sent", {{"subscription", subscription_}, {"events", batch.events.size()}});
  return Retry{std::move(batch.events)};
}

void TaskDesk::woken() { look_at_ = std::min(look_at_, looked_at_ + shortest_quiet); }

milliseconds TaskDesk::quiet_for() const {
  if (!under_way_.empty()) return longest_quiet;
  const auto left = std::chrono::ceil<milliseconds>(look_at_ - Clock::now());
  return std::clamp(left, milliseconds(0), longest_quiet);
}

}  // namespace mailboat::producer
