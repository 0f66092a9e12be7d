#include "producer/progress_writer.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds write_interval{1};
// A cursor that moves only because transaction ids do is of no use to status and of little to retention; and
// since writing it moves the ids again, doing so every second would keep an idle source busy with itself.
constexpr seconds idle_write_interval{30};
// How often to look whether somebody waits for what has been acknowledged and not been written yet.
constexpr milliseconds look_interval{10};

// Whoever is in outbox.wait_for() holds this lock in shared mode.
constexpr auto awaited_query = "SELECT NOT pg_try_advisory_xact_lock(1835162486, $1::int)";

// Nothing is lost with a write back, so that nobody has to wait for the disk. `rows_left` counts the tables
// that come later by PostgreSQL's estimates.
constexpr auto write_statement = R"sql(
UPDATE outbox.subscription
SET snapshot = $2::pg_snapshot, acked_event_id = $3::bigint, acked_at = now(), consumer_seen_at = now(),
    load = CASE WHEN $4::text IS NOT NULL THEN jsonb_build_object(
             'topic', $4::text, 'rows', $5::bigint, 'estimated_rows', $6::bigint,
             'tables_left', cardinality($7::text[]), 'rows_per_second', round($8::numeric, 1),
             'rows_left', greatest($6::bigint - $5::bigint, 0) + (
                SELECT coalesce(sum(greatest(leaf.reltuples, 0)), 0)::bigint
                FROM outbox.tracked t JOIN pg_class leaf
                  ON leaf.oid = t.relation OR leaf.oid IN (SELECT relid FROM pg_partition_tree(t.relation) WHERE isleaf)
                WHERE t.topic = ANY ($7::text[]) AND leaf.relkind <> 'p')) END
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS at_once WHERE id = $1::int
)sql";

constexpr auto connected_statement =
    "UPDATE outbox.subscription SET consumer = $2, consumer_seen_at = now(), snapshot = $3::pg_snapshot,"
    " acked_at = CASE WHEN $4::boolean THEN acked_at END WHERE id = $1::int";

}  // namespace

void ProgressWriter::sent(Window window) { under_way_.push_back(std::move(window)); }

void ProgressWriter::acknowledged(const Ack& ack) {
  while (!under_way_.empty() && under_way_.front().number <= ack.window) {
    auto& window = under_way_.front();
    content_moved_ = content_moved_ || window.has_content;
    take(std::move(window.load));
    under_way_.pop_front();
  }
  cursor_moved_ = true;
  acknowledged_ = ack;
}

void ProgressWriter::take(std::optional<LoadProgress> load) {
  if (load) {
    load_rate_.add(Clock::now(), load->rows_sent);
  } else {
    load_rate_ = {};
  }
  load_ = std::move(load);
}

bool ProgressWriter::is_due(Clock::time_point now) const {
  if (request_.is_open()) return true;
  return (content_moved_ && now - written_at_ >= write_interval) ||
         (cursor_moved_ && now - written_at_ >= idle_write_interval);
}

bool ProgressWriter::is_awaited(postgres::Connection& connection, Clock::time_point now) {
  if (!content_moved_ || now - looked_at_ < look_interval) return false;
  looked_at_ = now;
  return connection.query_prepared(awaited_query, {std::to_string(subscription_)}).boolean(0, 0);
}

milliseconds ProgressWriter::quiet_for() const {
  if (!content_moved_) return idle_write_interval;
  return std::clamp(std::chrono::ceil<milliseconds>(looked_at_ + look_interval - Clock::now()),
                    milliseconds(0), look_interval);
}

void ProgressWriter::write_connected(postgres::Connection& connection, const Subscription& before,
                                     const ResumePoint& resume) {
  const auto snapshot = common_part(before.snapshot, resume.read_from);
  connection.query(connected_statement, {std::to_string(subscription_), consumer_, snapshot.to_string(),
                                         resume.cursor ? "true" : "false"});
  written_at_ = Clock::now();
}

void ProgressWriter::write_if_due(postgres::Connection& connection) {
  if (!acknowledged_) return;
  const auto now = Clock::now();
  const bool has_recovered = acknowledged_->trouble.empty() && trouble_ != "";
  write_in_order(connection, is_due(now) || has_recovered || is_awaited(connection, now));
}

void ProgressWriter::write_rest(postgres::Connection& connection) {
  if (acknowledged_) write_in_order(connection, content_moved_ || cursor_moved_);
}

// Trouble is told before anything that the replica has in spite of it, and its end after what it has by then:
// nobody may be told in between that all is well with what has not been applied.
void ProgressWriter::write_in_order(postgres::Connection& connection, bool with_progress) {
  if (!acknowledged_->trouble.empty()) write_trouble(connection);
  if (with_progress) write(connection);
  write_trouble(connection);
}

// An acknowledgement says how the replica is now: whatever was known of it before is over. Written at once,
// but only when it changes.
void ProgressWriter::write_trouble(postgres::Connection& connection) {
  auto trouble = trouble_text(acknowledged_->trouble);
  if (trouble_ == trouble) return;
  trouble_ = std::move(trouble);
  if (!note_trouble(connection, subscription_, *trouble_)) return;
  if (trouble_->empty()) {
    log::info("the replica is out of trouble", {{"replica", consumer_}});
  } else {
    log::warn("the replica is in trouble", {{"replica", consumer_}, {"reason", *trouble_}});
  }
}

// What is loading has to be known before the subscription counts as active again.
void ProgressWriter::write(postgres::Connection& connection) {
  if (!request_.is_open()) return write_progress(connection);
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
  write_progress(connection);
  request_.fulfil();
  transaction.commit();
}

void ProgressWriter::write_progress(postgres::Connection& connection) {
  postgres::Params params{std::to_string(subscription_), acknowledged_->snapshot.to_string(),
                          std::to_string(acknowledged_->last_event_id)};
  if (load_) {
    params.insert(
        params.end(),
        {load_->position.topic, std::to_string(load_->position.rows), std::to_string(load_->estimated_rows),
         postgres::array_literal(load_->tables_left), std::to_string(load_rate_.per_second())});
  } else {
    params.resize(params.size() + 5);
  }
  connection.query_prepared(write_statement, params);
  written_at_ = Clock::now();
  cursor_moved_ = content_moved_ = false;
}

}  // namespace mailboat::producer
