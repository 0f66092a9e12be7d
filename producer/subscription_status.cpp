#include "producer/subscription_status.hpp"

#include <charconv>

namespace mailboat {
namespace {

// The lag is what a window that ends now would hold. 1835162485 is the class of the advisory locks by which a
// producer holds a subscription; PostgreSQL shows the two-number form of such a key with objsubid 2 (manual,
// pg_locks).
constexpr auto status_query = R"sql(
SELECT s.name, s.state, s.start, s.topics,
       EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
                 AND l.classid = 1835162485 AND l.objid = s.id AND l.objsubid = 2),
       lag.events, lag.seconds,
       to_char(s.acked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       extract(epoch FROM statement_timestamp() - s.acked_at), s.acked_event_id,
       s.load ->> 'topic', coalesce((s.load ->> 'rows')::bigint, 0),
       coalesce((s.load ->> 'estimated_rows')::bigint, 0), coalesce((s.load ->> 'tables_left')::bigint, 0),
       tasks.retrying, tasks.failed, tasks.oldest,
       s.trouble, extract(epoch FROM statement_timestamp() - s.trouble_since),
       CASE WHEN s.state = 'needs_load' THEN s.load_reason END,
       extract(epoch FROM statement_timestamp() - s.load_required_at)
FROM outbox.subscription s
CROSS JOIN LATERAL (
  SELECT count(*) AS events,
         coalesce(greatest(extract(epoch FROM statement_timestamp() - min(e.created_at)), 0), 0) AS seconds
  FROM outbox.event e
  WHERE (e.txid >= pg_snapshot_xmax(s.snapshot)
         OR e.txid = ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot))))
    AND (s.topics IS NULL OR e.topic = ANY (s.topics))) lag
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE r.status = 'retrying') AS retrying,
         count(*) FILTER (WHERE r.status = 'failed') AS failed,
         extract(epoch FROM statement_timestamp() - min(r.first_failed_at)) AS oldest
  FROM outbox.rejection r
  WHERE r.subscription = s.name AND r.status IN ('retrying', 'failed')) tasks
ORDER BY s.name
)sql";

constexpr auto topics_query =
    "SELECT s.name, t.topic FROM outbox.subscription s, unnest(s.topics) WITH ORDINALITY "
    "t(topic, position) ORDER BY s.name, t.position";

double seconds(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// A text, and in the next column for how long it has been so.
std::optional<Trouble> read_trouble(const postgres::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return Trouble{std::string(rows.text(row, column)), seconds(rows.text(row, column + 1))};
}

SubscriptionStatus read_row(const postgres::Rows& rows, int row) {
  SubscriptionStatus status;
  status.name = rows.text(row, 0);
  status.state = rows.text(row, 1);
  status.start = rows.text(row, 2);
  if (!rows.is_null(row, 3)) status.topics.emplace();
  status.connected = rows.boolean(row, 4);
  status.lag_events = rows.int64(row, 5);
  status.lag_seconds = seconds(rows.text(row, 6));
  status.acked_at = rows.optional_text(row, 7);
  if (!rows.is_null(row, 8)) status.seconds_since_ack = seconds(rows.text(row, 8));
  status.acked_event_id = rows.int64(row, 9);
  if (!rows.is_null(row, 10)) {
    status.load = LoadStatus{std::string(rows.text(row, 10)), rows.int64(row, 11), rows.int64(row, 12),
                             rows.int64(row, 13)};
  }
  status.tasks = {rows.int64(row, 14), rows.int64(row, 15), std::nullopt};
  if (!rows.is_null(row, 16)) status.tasks.oldest_seconds = seconds(rows.text(row, 16));
  status.trouble = read_trouble(rows, row, 17);
  status.needed_load = read_trouble(rows, row, 19);
  return status;
}

}  // namespace

std::vector<SubscriptionStatus> read_subscription_status(postgres::Connection& connection) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly,
                                    "SET LOCAL enable_seqscan = off");
  std::vector<SubscriptionStatus> all;
  const auto rows = transaction.query(status_query);
  for (int row = 0; row < rows.size(); ++row) all.push_back(read_row(rows, row));
  const auto topics = transaction.query(topics_query);
  auto status = all.begin();
  for (int row = 0; row < topics.size(); ++row) {
    while (status->name != topics.text(row, 0)) ++status;  // both are in the same order
    status->topics->emplace_back(topics.text(row, 1));
  }
  transaction.rollback();
  return all;
}

}  // namespace mailboat
