#include "producer/subscription.hpp"

#include <utility>

#include "common/log.hpp"
#include "producer/load_request.hpp"
#include "producer/outside_text.hpp"
#include "producer/source.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::seconds;

constexpr seconds write_interval{1};
// A cursor that moves only because transaction ids do is of no use to status and of little to retention; and
// since writing it moves the ids again, doing so every second would keep an idle source busy with itself.
constexpr seconds idle_write_interval{30};

constexpr std::size_t trouble_limit = 2000;

// classid of the subscriptions' advisory locks; the objid is the subscription's id. `mailboat status` looks
// for it.
constexpr auto lock_query = "SELECT pg_try_advisory_lock(1835162485, $1::int)";

Subscription::Start parse_start(std::string_view text) {
  if (text == "now") return Subscription::Start::Now;
  if (text == "earliest") return Subscription::Start::Earliest;
  return Subscription::Start::Load;
}

std::optional<std::vector<std::string>> read_topics(postgres::Connection& connection,
                                                    const std::string& name) {
  const auto rows = connection.query(
      "SELECT topic FROM outbox.subscription, unnest(topics) AS topic WHERE name = $1", {name});
  std::vector<std::string> topics;
  for (int row = 0; row < rows.size(); ++row) topics.emplace_back(rows.text(row, 0));
  return topics;
}

}  // namespace

Subscription find_subscription(postgres::Connection& connection, const std::string& name) {
  const auto rows = connection.query(
      "SELECT id, start, topics IS NULL, snapshot, acked_at IS NOT NULL, acked_event_id,"
      " CASE WHEN state = 'needs_load' THEN coalesce(load_required_at::text, '') END,"
      " coalesce(load_reason, ''), reset_cursor FROM outbox.subscription WHERE name = $1",
      {name});
  if (rows.empty()) {
    throw SessionRefused(
        RefusalCode::UnknownSubscription,
        "there is no subscription '" + name + "'; create it with: mailboat subscribe " + name);
  }
  Subscription subscription{static_cast<std::int32_t>(rows.int64(0, 0)),
                            name,
                            parse_start(rows.text(0, 1)),
                            std::nullopt,
                            Snapshot::parse(rows.text(0, 3)),
                            rows.boolean(0, 4),
                            rows.uint64(0, 5),
                            rows.optional_text(0, 6),
                            std::string(rows.text(0, 7)),
                            rows.boolean(0, 8)};
  if (!rows.boolean(0, 2)) subscription.topics = read_topics(connection, name);
  return subscription;
}

bool try_lock_subscription(postgres::Connection& connection, const Subscription& subscription) {
  return connection.query(lock_query, {std::to_string(subscription.id)}).boolean(0, 0);
}

bool note_trouble(postgres::Connection& connection, std::int32_t subscription, const std::string& trouble) {
  const auto changed = connection.query(
      "UPDATE outbox.subscription SET trouble = nullif($2, ''), trouble_since = CASE WHEN $2 <> '' THEN "
      "now() END"
      " WHERE id = $1::int AND trouble IS DISTINCT FROM nullif($2, '') RETURNING id",
      {std::to_string(subscription), outside_text(trouble, trouble_limit)});
  return !changed.empty();
}

void ProgressWriter::acknowledged(const Ack& ack) {
  const bool events = ack.last_event_id != (acknowledged_ ? acknowledged_->last_event_id : 0);
  content_moved_ = content_moved_ || events;
  cursor_moved_ = true;
  acknowledged_ = ack;
}

void ProgressWriter::loading(std::optional<LoadProgress> progress) {
  load_ = std::move(progress);
  content_moved_ = true;
}

bool ProgressWriter::is_due(Clock::time_point now) const {
  if (!acknowledged_) return false;
  if (request_.is_open()) return true;
  return (content_moved_ && now - written_at_ >= write_interval) ||
         (cursor_moved_ && now - written_at_ >= idle_write_interval);
}

void ProgressWriter::write_connected(postgres::Connection& connection) {
  connection.query(
      "UPDATE outbox.subscription SET consumer = $2, consumer_seen_at = now() WHERE id = $1::int",
      {std::to_string(subscription_), consumer_});
  written_at_ = Clock::now();
}

void ProgressWriter::write_if_due(postgres::Connection& connection) {
  write_trouble(connection);
  if (is_due(Clock::now())) write(connection);
}

void ProgressWriter::write_rest(postgres::Connection& connection) {
  write_trouble(connection);
  if (acknowledged_ && (content_moved_ || cursor_moved_)) write(connection);
}

// An acknowledgement says how the replica is now: whatever was known of it before is over. Written at once,
// but only when it changes.
void ProgressWriter::write_trouble(postgres::Connection& connection) {
  if (!acknowledged_ || trouble_ == acknowledged_->trouble) return;
  trouble_ = acknowledged_->trouble;
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
    params.insert(params.end(), {load_->position.topic, std::to_string(load_->position.rows),
                                 std::to_string(load_->estimated_rows), std::to_string(load_->tables_left)});
  } else {
    params.insert(params.end(), {std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  }
  connection.query(
      "UPDATE outbox.subscription SET snapshot = $2::pg_snapshot, acked_event_id = $3::bigint, acked_at = "
      "now(),"
      " consumer_seen_at = now(), load = CASE WHEN $4::text IS NOT NULL THEN jsonb_build_object('topic', "
      "$4::text,"
      " 'rows', $5::bigint, 'estimated_rows', $6::bigint, 'tables_left', $7::int) END WHERE id = $1::int",
      params);
  written_at_ = Clock::now();
  cursor_moved_ = content_moved_ = false;
}

}  // namespace mailboat::producer
