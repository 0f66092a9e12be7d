#include "producer/operation_desk.hpp"

#include <algorithm>

#include "common/log.hpp"
#include "producer/recording.hpp"
#include "producer/verification_record.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// Whoever asks for something wakes us, so that this is only a belt; but nobody need be woken for a
// cancellation, which is looked for while something is under way.
constexpr milliseconds quiet_interval{5000};
constexpr milliseconds busy_interval{1000};
// Wake-ups come by the thousand while the source is busy.
constexpr milliseconds shortest_quiet{250};
constexpr milliseconds write_interval{1000};
constexpr std::chrono::seconds longest_schedule_interval{5};

constexpr auto open_loads =
    "SELECT o.id, t.topic, t.status = 'running', t.rows, t.snapshot,"
    " outbox.name_since(t.topic, o.named_at, o.named_event, $2::pg_snapshot) FROM outbox.operation o"
    " JOIN outbox.operation_table t ON t.operation = o.id WHERE o.subscription = $1 AND o.kind = 'load'"
    " AND o.status IN ('requested', 'running') AND t.status IN ('requested', 'running') ORDER BY o.id, "
    "t.place";

constexpr auto next_verification =
    "SELECT o.id, t.topic, o.repair, outbox.name_since(t.topic, o.named_at, o.named_event, $2::pg_snapshot)"
    " FROM outbox.operation o"
    " JOIN outbox.operation_table t ON t.operation = o.id WHERE o.subscription = $1 AND o.kind = 'verify'"
    " AND o.status IN ('requested', 'running') AND t.status IN ('requested', 'running')"
    " ORDER BY o.id, t.place LIMIT 1";

}  // namespace

OperationDesk::OperationDesk(postgres::Connection& connection, const Subscription& subscription,
                             const Hello& hello, Confirm confirm)
    : connection_(connection),
      subscription_(subscription.name),
      cursor_(hello.cursor ? std::optional(hello.cursor->snapshot) : std::nullopt),
      unfinished_(hello.unfinished_loads),
      unfinished_verification_(hello.verification),
      verify_every_(hello.verify_every),
      confirm_(std::move(confirm)) {}

void OperationDesk::look(const Snapshot& known) {
  const auto now = Clock::now();
  if (now < look_at_) return;
  request_scheduled();
  read_loads(known);
  read_verification(known);
  has_looked_ = true;
  looked_at_ = now;
  look_at_ = now + (loads_.empty() && !verification_ ? quiet_interval : busy_interval);
}

void OperationDesk::woken() { look_at_ = std::min(look_at_, looked_at_ + shortest_quiet); }

milliseconds OperationDesk::quiet_for() const {
  const auto left = std::chrono::ceil<milliseconds>(look_at_ - Clock::now());
  return std::clamp(left, milliseconds(0), quiet_interval);
}

void OperationDesk::request_scheduled() {
  if (verify_every_ == std::chrono::seconds(0) || Clock::now() < schedule_look_at_) return;
  schedule_look_at_ = Clock::now() + std::min(verify_every_, longest_schedule_interval);
  connection_.query("SELECT outbox.verify_if_due($1, make_interval(secs => $2::float8))",
                    {subscription_, std::to_string(verify_every_.count())});
}

void OperationDesk::read_loads(const Snapshot& known) {
  const auto rows = connection_.query_prepared(open_loads, {subscription_, known.to_string()});
  std::vector<Load> open;
  for (int row = 0; row < rows.size(); ++row) {
    const auto operation = rows.uint64(row, 0);
    const auto requested = std::string(rows.text(row, 1));
    const auto before = std::find_if(loads_.begin(), loads_.end(), [&](const Load& load) {
      return load.operation == operation && load.requested == requested;
    });
    if (before != loads_.end()) {
      open.push_back(std::move(*before));
      continue;
    }
    open.push_back({.operation = operation,
                    .requested = requested,
                    .position = {std::string(rows.text(row, 5)), {}, rows.uint64(row, 3)}});
    const auto began_at =
        rows.is_null(row, 4) ? std::nullopt : std::optional(Snapshot::parse(rows.text(row, 4)));
    if (!has_looked_) take_over(open.back(), rows.boolean(row, 2), began_at);
  }
  loads_ = std::move(open);
}

// What another session has begun. A replica that has no such load under way has finished it, unless it has
// come with a file that is older than the load, or new.
void OperationDesk::take_over(Load& load, bool is_running, const std::optional<Snapshot>& began_at) {
  if (!is_running) return;
  const bool is_known = began_at && cursor_ && cursor_->xmax() >= began_at->xmax();
  if (!is_known) return;
  const auto& topic = load.position.topic;
  const auto unfinished = std::find_if(unfinished_.begin(), unfinished_.end(),
                                       [&topic](const LoadPosition& other) { return other.topic == topic; });
  load.state = unfinished == unfinished_.end() ? Load::State::Ended : Load::State::Running;
  load.began_at = *began_at;
}

void OperationDesk::read_verification(const Snapshot& known) {
  const auto rows = connection_.query_prepared(next_verification, {subscription_, known.to_string()});
  if (rows.empty()) {
    verification_.reset();
    return;
  }
  const auto operation = rows.uint64(0, 0);
  const auto requested = std::string(rows.text(0, 1));
  if (verification_ && verification_->operation == operation && verification_->requested == requested) return;
  const std::string topic(rows.text(0, 3));
  verification_ = Verification{.operation = operation,
                               .requested = requested,
                               .repairs = rows.boolean(0, 2),
                               .position = {topic, {}, 0}};
  const auto& unfinished = unfinished_verification_;
  if (!has_looked_ && unfinished && unfinished->operation == operation &&
      unfinished->position.topic == topic) {
    verification_->position = unfinished->position;
    verification_->has_begun = true;
  }
}

void OperationDesk::follow(const TableChange& change) {
  if (change.dropped) restart_verification(change.topic);
  if (change.renamed_from.empty()) return;
  for (auto& load : loads_) {
    if (load.position.topic == change.renamed_from) load.position.topic = change.topic;
  }
  if (!verification_ || verification_->position.topic != change.renamed_from) return;
  verification_->position.topic = change.topic;
  restart_verification(change.topic);
}

bool OperationDesk::has_loads_to_begin() const {
  return std::any_of(loads_.begin(), loads_.end(),
                     [](const Load& load) { return load.state == Load::State::Requested; });
}

std::vector<std::string> OperationDesk::begin_loads(
    std::uint64_t window, const Snapshot& to,
    const std::function<bool(const std::string& topic)>& is_loading) {
  std::vector<std::string> topics;
  for (auto& load : loads_) {
    if (load.state != Load::State::Requested) continue;
    load.state = Load::State::Begun;
    load.window = window;
    load.began_at = to;
    const auto& topic = load.position.topic;
    const bool is_in_list = std::find(topics.begin(), topics.end(), topic) != topics.end();
    if (!is_loading(topic) && !is_in_list) topics.push_back(topic);
  }
  return topics;
}

void OperationDesk::load_sent(const LoadPosition& position, std::uint64_t estimated_rows) {
  for (auto& load : loads_) {
    if (load.position.topic != position.topic) continue;
    load.position.rows = position.rows;
    load.estimated_rows = estimated_rows;
  }
}

void OperationDesk::load_ended(const LoadPosition& position, std::uint64_t window, bool gives_up) {
  for (auto& load : loads_) {
    if (load.position.topic != position.topic || load.state == Load::State::Requested) continue;
    load.state = Load::State::Ended;
    load.position.rows = position.rows;
    load.window = window;
    load.gives_up = gives_up;
  }
}

void OperationDesk::restart_verification(const std::string& topic) {
  if (!verification_ || verification_->position.topic != topic) return;
  verification_->position = {topic, {}, 0};
  verification_->has_begun = verification_->is_sent = false;
}

void OperationDesk::acknowledged(std::uint64_t window) { acknowledged_window_ = window; }

void OperationDesk::record() {
  for (; !verified_.empty(); verified_.pop_front()) record(verified_.front());
  for (auto& load : loads_) write_load(load);
  std::erase_if(loads_, [this](const Load& load) {
    return load.state == Load::State::Ended && load.window <= acknowledged_window_;
  });
  if (Clock::now() - written_at_ >= write_interval) write_progress();
}

void OperationDesk::write_load(Load& load) {
  if (load.window > acknowledged_window_) return;
  const auto rows = load.position.rows;
  if (load.state == Load::State::Begun) {
    write(load.operation, load.requested, "running", rows, load.estimated_rows, std::nullopt, load.began_at);
    load.state = Load::State::Running;
  } else if (load.state == Load::State::Ended) {
    const auto error = load.gives_up ? std::optional<std::string>("it is no longer tracked") : std::nullopt;
    write(load.operation, load.requested, load.gives_up ? "failed" : "completed", rows, 0, error,
          std::nullopt);
    look_at_ = Clock::now();
  }
}

void OperationDesk::write_progress() {
  written_at_ = Clock::now();
  for (const auto& load : loads_) {
    if (load.state != Load::State::Running) continue;
    write(load.operation, load.requested, "running", load.position.rows, load.estimated_rows, std::nullopt,
          std::nullopt);
  }
  if (verification_ && verification_->has_begun && !verification_->is_sent) {
    write(verification_->operation, verification_->requested, "running", verification_->position.rows,
          verification_->estimated_rows, std::nullopt, std::nullopt);
  }
}

bool OperationDesk::write(OperationId operation, const std::string& topic, const char* status,
                          std::uint64_t rows, std::uint64_t estimated_rows,
                          const std::optional<std::string>& error, const std::optional<Snapshot>& snapshot) {
  return connection_
      .query(
          "SELECT outbox.record_table($1, $2::bigint, $3, $4, $5::bigint, $6::bigint, $7, $8::pg_snapshot)",
          {subscription_, std::to_string(operation), topic, status, to_bigint(rows),
           to_bigint(estimated_rows), error, snapshot ? std::optional(snapshot->to_string()) : std::nullopt})
      .boolean(0, 0);
}

// An operation that was cancelled meanwhile, or that another replica has brought along in its file, is not
// written to; it is confirmed all the same, so that the replica forgets it.
void OperationDesk::record(const Verified& verified) {
  if (record_verification(connection_, subscription_, verified)) {
    log::info("table verified", {{"subscription", subscription_},
                                 {"topic", verified.topic},
                                 {"rows", verified.rows},
                                 {"differences", verified.missing + verified.extra + verified.different},
                                 {"repaired", verified.repaired}});
  }
  confirm_({verified.operation, verified.topic});
  look_at_ = Clock::now();
}

}  // namespace mailboat::producer
