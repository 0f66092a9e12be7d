#include "producer/subscription_status.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/rate_meter.hpp"

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
       coalesce((s.load ->> 'rows_per_second')::float8, 0), (s.load ->> 'rows_left')::bigint,
       CASE WHEN s.state = 'needs_load' THEN s.load_reason END,
       extract(epoch FROM statement_timestamp() - s.load_required_at)
FROM outbox.subscription s
CROSS JOIN LATERAL outbox.taken(s) k
CROSS JOIN LATERAL (
  SELECT count(*) AS events,
         coalesce(greatest(extract(epoch FROM statement_timestamp() - min(e.created_at)), 0), 0) AS seconds
  FROM outbox.event e
  WHERE (e.txid >= pg_snapshot_xmax(s.snapshot)
         OR e.txid = ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot))))
    AND (s.topics IS NULL OR e.topic = ANY (k.topics))) lag
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE r.status = 'retrying') AS retrying,
         count(*) FILTER (WHERE r.status = 'failed') AS failed,
         extract(epoch FROM statement_timestamp() - min(r.first_failed_at)) AS oldest
  FROM outbox.rejection r
  WHERE r.subscription = s.name AND r.status IN ('retrying', 'failed')) tasks
ORDER BY s.name
)sql";

constexpr auto topics_query =
    "SELECT s.name, t.topic FROM outbox.subscription s, unnest(outbox.topics_now(s)) WITH ORDINALITY "
    "t(topic, position) ORDER BY s.name, t.position";

constexpr auto columns_query =
    "SELECT s.name, list.key, c.name FROM outbox.subscription s JOIN outbox.selection x ON x.subscription = "
    "s.id"
    " CROSS JOIN LATERAL jsonb_each(x.columns) list"
    " LEFT JOIN LATERAL jsonb_array_elements_text(list.value) WITH ORDINALITY c(name, place) ON true"
    " ORDER BY s.name, list.key, c.place";

constexpr auto tables_query = R"sql(
SELECT s.name, t.topic, to_char(v.verified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       v.verified_through, extract(epoch FROM statement_timestamp() - v.verified_at)
FROM outbox.subscription s
CROSS JOIN LATERAL outbox.topics_now(s) n(topics)
JOIN outbox.tracked t ON n.topics IS NULL OR t.topic = ANY (n.topics)
LEFT JOIN outbox.verified_table v ON v.subscription = s.name AND v.topic = t.topic
ORDER BY s.name, t.topic
)sql";

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

LoadStatus read_load(const postgres::Rows& rows, int row) {
  LoadStatus load{
      std::string(rows.text(row, 10)), rows.int64(row, 11), rows.int64(row, 12), rows.int64(row, 13),
      seconds(rows.text(row, 19)),     std::nullopt};
  if (!rows.is_null(row, 20)) load.seconds_left = seconds_for(rows.uint64(row, 20), load.rows_per_second);
  return load;
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
    status.load = read_load(rows, row);
  }
  status.tasks = {rows.int64(row, 14), rows.int64(row, 15), std::nullopt};
  if (!rows.is_null(row, 16)) status.tasks.oldest_seconds = seconds(rows.text(row, 16));
  status.trouble = read_trouble(rows, row, 17);
  status.needed_load = read_trouble(rows, row, 21);
  return status;
}

VerifiedTable read_table(const postgres::Rows& rows, int row) {
  VerifiedTable table{std::string(rows.text(row, 1)), rows.optional_text(row, 2), rows.optional_text(row, 3),
                      std::nullopt};
  if (table.verified_at) table.seconds = seconds(rows.text(row, 4));
  return table;
}

void read_column(SubscriptionStatus& status, const postgres::Rows& rows, int row) {
  const auto topic = rows.text(row, 1);
  if (status.columns.empty() || status.columns.back().topic != topic)
    status.columns.push_back({std::string(topic), {}});
  if (!rows.is_null(row, 2)) status.columns.back().columns.emplace_back(rows.text(row, 2));
}

// Each row goes to the subscription that its first column names; both are in the same order.
template <typename Use>
void for_each_of(std::vector<SubscriptionStatus>& all, const postgres::Rows& rows, Use use) {
  auto status = all.begin();
  for (int row = 0; row < rows.size(); ++row) {
    while (status->name != rows.text(row, 0)) ++status;
    use(*status, rows, row);
  }
}

}  // namespace

std::vector<SubscriptionStatus> read_subscription_status(postgres::Connection& connection) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly,
                                    "SET LOCAL enable_seqscan = off");
  std::vector<SubscriptionStatus> all;
  const auto rows = transaction.query(status_query);
  for (int row = 0; row < rows.size(); ++row) all.push_back(read_row(rows, row));
  for_each_of(all, transaction.query(topics_query), [](auto& status, const auto& topics, int row) {
    status.topics->emplace_back(topics.text(row, 1));
  });
  for_each_of(all, transaction.query(columns_query), read_column);
  for_each_of(all, transaction.query(tables_query), [](auto& status, const auto& tables, int row) {
    status.tables.push_back(read_table(tables, row));
  });
  transaction.rollback();
  return all;
}

std::optional<SubscriptionStatus> find_subscription_status(postgres::Connection& connection,
                                                           const std::string& name) {
  auto all = read_subscription_status(connection);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& status) { return status.name == name; });
  if (found == all.end()) return std::nullopt;
  return std::move(*found);
}

}  // namespace mailboat
