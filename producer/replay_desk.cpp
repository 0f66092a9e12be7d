#include "producer/replay_desk.hpp"

#include <algorithm>
#include <charconv>

#include "common/log.hpp"
#include "producer/outside_text.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// Whoever asks for a replay wakes us, so that this is only a belt.
constexpr milliseconds longest_quiet{5000};
// Wake-ups come by the thousand while the source is busy.
constexpr milliseconds shortest_quiet{250};
// How often progress is written down, and whether it was cancelled looked at.
constexpr milliseconds record_interval{1000};

constexpr std::size_t events_per_batch = 500;
constexpr std::size_t errors_kept = 100;
constexpr std::size_t error_limit = 2000;

// Somebody who is just cancelling it must not hold up the windows.
constexpr auto recording_settings = "SET LOCAL lock_timeout = '200ms'";
constexpr auto lock_not_available = "55P03";

constexpr auto record_statement =
    "SELECT outbox.record_replay($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint[],"
    " $7::text[], $8::boolean, $9)";

std::optional<double> rate_of(const postgres::Rows& rows, int column) {
  const auto text = rows.text(0, column);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  return error == std::errc() && rate > 0 ? std::optional(rate) : std::nullopt;
}

}  // namespace

ReplayDesk::ReplayDesk(postgres::Connection& connection, const Subscription& subscription,
                       std::size_t batch_bytes)
    : connection_(connection), subscription_(subscription), batch_bytes_(batch_bytes) {}

bool ReplayDesk::Running::has_ended() const {
  return under_way.empty() && (is_over || !trouble.empty() || counted >= last);
}

void ReplayDesk::take(const Retried& retried) {
  if (!running_ || retried.replay != running_->operation) return;
  const auto before = running_->under_way.size();
  for (const auto& outcome : retried.outcomes) count(outcome);
  if (running_->under_way.size() == before) return;  // an answer that is repeated
  while (!running_->under_way.empty()) {
    count({*running_->under_way.begin(), RetryOutcome::Result::Rejected,
           "the replica has not said what became of it"});
  }
  running_->counted = running_->looked_at;
  if (running_->has_ended()) running_->record_at = Clock::now();
}

void ReplayDesk::count(const RetryOutcome& outcome) {
  if (running_->under_way.erase(outcome.event_id) == 0) return;
  auto& counts = running_->counts;
  switch (outcome.result) {
    case RetryOutcome::Result::Applied:
      ++counts.applied;
      return;
    case RetryOutcome::Result::Superseded:
      ++counts.superseded;
      return;
    case RetryOutcome::Result::Rejected:
      break;
  }
  ++counts.rejected;
  if (counts.errors.size() >= errors_kept) return;
  counts.rejected_ids.push_back(std::to_string(outcome.event_id));
  counts.errors.push_back(outside_text(outcome.error, error_limit));
}

void ReplayDesk::record_if_due() {
  if (running_ && Clock::now() >= running_->record_at) record();
}

void ReplayDesk::record_rest() {
  if (running_) record();
}

void ReplayDesk::record() {
  running_->record_at = Clock::now() + record_interval;
  try {
    if (!write()) running_->is_over = true;
  } catch (const postgres::StatementFailed& error) {
    if (error.sqlstate() != lock_not_available) throw;
    log::debug("a replay is locked, its progress is written later", {{"operation", running_->operation}});
    return;
  }
  if (running_->is_over && running_->under_way.empty()) {
    log::info("replay ended", {{"subscription", subscription_.name}, {"operation", running_->operation}});
    running_.reset();
    look_at_ = Clock::now();
  }
}

// False when the replay does not go on.
bool ReplayDesk::write() {
  auto& replay = *running_;
  const auto& counts = replay.counts;
  postgres::Transaction transaction(connection_, postgres::Transaction::Kind::ReadWrite, recording_settings);
  const auto goes_on = transaction.query(
      record_statement, {std::to_string(replay.operation), std::to_string(replay.counted),
                         std::to_string(counts.applied), std::to_string(counts.superseded),
                         std::to_string(counts.rejected), postgres::array_literal(counts.rejected_ids),
                         postgres::array_literal(counts.errors), replay.is_finished() ? "true" : "false",
                         replay.trouble.empty() ? std::nullopt : std::optional(replay.trouble)});
  transaction.commit();
  replay.counts = {};
  return goes_on.boolean(0, 0);
}

void ReplayDesk::look(Clock::time_point now) {
  looked_at_ = now;
  look_at_ = now + longest_quiet;
  const auto rows = connection_.query_prepared(
      "SELECT operation, \"position\", through_id, rate FROM outbox.start_replay($1)", {subscription_.name});
  if (rows.empty()) return;
  const auto operation = rows.uint64(0, 0);
  running_.emplace(Running{.operation = operation,
                           .reader = ReplayReader(connection_, subscription_, operation),
                           .rate = RateLimit(rate_of(rows, 3), now),
                           .last = rows.uint64(0, 2),
                           .looked_at = rows.uint64(0, 1),
                           .counted = rows.uint64(0, 1),
                           .under_way = {},
                           .counts = {},
                           .trouble = {},
                           .is_over = false,
                           .record_at = now + record_interval});
  if (running_->has_ended()) running_->record_at = now;
  log::info("replay goes on", {{"subscription", subscription_.name},
                               {"operation", operation},
                               {"after", running_->counted},
                               {"through", running_->last}});
}

std::optional<Retry> ReplayDesk::next(const Snapshot& sent) {
  const auto now = Clock::now();
  if (!running_ && now >= look_at_) look(now);
  if (!running_ || !running_->under_way.empty() || running_->has_ended()) return std::nullopt;
  const auto limit = running_->rate.available(events_per_batch, now);
  if (limit == 0) return std::nullopt;
  try {
    return send(running_->reader.read(running_->looked_at, running_->last, sent, limit, batch_bytes_));
  } catch (const postgres::StatementFailed& error) {
    running_->trouble = std::string("the events cannot be read: ") + error.what();
    running_->record_at = now;
    return std::nullopt;
  }
}

std::optional<Retry> ReplayDesk::send(ReplayReader::Batch batch) {
  running_->looked_at = batch.through;
  if (batch.ids.empty()) {
    running_->counted = batch.through;
    if (running_->has_ended()) running_->record_at = Clock::now();
    return std::nullopt;
  }
  running_->rate.spend(batch.ids.size());
  running_->under_way.insert(batch.ids.begin(), batch.ids.end());
  return Retry{std::move(batch.events), running_->operation};
}

void ReplayDesk::woken() { look_at_ = std::min(look_at_, looked_at_ + shortest_quiet); }

milliseconds ReplayDesk::quiet_for() {
  const auto now = Clock::now();
  const auto until = [now](Clock::time_point then) {
    return std::clamp(std::chrono::ceil<milliseconds>(then - now), milliseconds(0), longest_quiet);
  };
  if (!running_) return until(look_at_);
  const auto recording = until(running_->record_at);
  if (!running_->under_way.empty() || running_->has_ended()) return recording;
  return std::min(recording, running_->rate.wait(events_per_batch, now));
}

}  // namespace mailboat::producer
