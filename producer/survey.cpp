#include "producer/survey.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/log.hpp"
#include "common/snapshot.hpp"
#include "producer/backlog.hpp"
#include "producer/log_keeper.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds interval{10'000};
// Of a look's duration until the next one, but not for so long that the figures are taken for old ones: the
// alert MailboatSurveyOld waits for 120 s.
constexpr int rest_factor = 200;
constexpr milliseconds longest_rest{100'000};
// A lock that could not be had is nothing to tell anybody of, unless it goes on.
constexpr int many_failures = 3;

// A backlog is read only so far: this many events of it, in the order of the log's index. A bitmap would be
// made of all of it first.
constexpr std::int64_t counted_events = 1000;
constexpr auto settings =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SELECT pg_current_snapshot()";

constexpr auto subscription_query = R"sql(
SELECT s.name, count(b.id), min(b.id),
       count(b.id) FILTER (WHERE s.topics IS NULL OR b.topic = ANY (k.topics)),
       coalesce(sum(b.bytes) FILTER (WHERE s.topics IS NULL OR b.topic = ANY (k.topics)), 0),
       extract(epoch FROM clock_timestamp() - min(b.created_at)
                 FILTER (WHERE s.topics IS NULL OR b.topic = ANY (k.topics))),
       extract(epoch FROM clock_timestamp() - min(b.created_at)),
       s.trouble IS NOT NULL, s.state = 'needs_load',
       coalesce((s.load ->> 'rows')::bigint, 0), coalesce((s.load ->> 'rows_left')::bigint, 0),
       CASE WHEN s.load IS NULL THEN 0 ELSE (s.load ->> 'tables_left')::bigint + 1 END
FROM outbox.subscription s
CROSS JOIN LATERAL outbox.taken(s) k
LEFT JOIN LATERAL (
  (SELECT e.id, e.topic, e.created_at, pg_column_size(e.payload) AS bytes FROM outbox.event e
   WHERE e.txid >= pg_snapshot_xmax(s.snapshot) LIMIT $1::bigint)
  UNION ALL
  (SELECT e.id, e.topic, e.created_at, pg_column_size(e.payload) FROM outbox.event e
   WHERE e.txid = ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot))) LIMIT $1::bigint)) b ON true
GROUP BY s.name
)sql";

constexpr auto task_query = R"sql(
SELECT s.name, x.status, count(r.event_id)
FROM outbox.subscription s CROSS JOIN (VALUES ('retrying'), ('failed')) x(status)
LEFT JOIN outbox.rejection r
  ON r.subscription = s.name AND r.status = x.status AND r.status IN ('retrying', 'failed')
GROUP BY 1, 2
)sql";

constexpr auto verified_query =
    "SELECT subscription, topic, extract(epoch FROM verified_at) FROM outbox.verified_table";

double number(const postgres::Rows& rows, int row, int column) {
  const auto text = rows.text(row, column);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double now_in_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// How far a subscription is behind.
struct Lag {
  double events = 0;
  double seconds = 0;
  double bytes = 0;
};

// Of a long backlog only the beginning has been read, so that topics do not count: there may be some of its
// own behind.
Lag read_lag(const postgres::Rows& rows, int row, const LogLayout& layout) {
  const Lag counted{number(rows, row, 3), std::max(number(rows, row, 5), 0.0), number(rows, row, 4)};
  if (rows.int64(row, 1) < counted_events) return counted;
  const auto estimated = estimate_backlog(layout, rows.uint64(row, 2));
  return {std::max(counted.events, static_cast<double>(estimated.events)),
          std::max(number(rows, row, 6), 0.0), std::max(counted.bytes, static_cast<double>(estimated.bytes))};
}

}  // namespace

Survey::Clock::duration Survey::rest_after(Clock::duration look) {
  return std::clamp<Clock::duration>(look * rest_factor, interval, longest_rest);
}

milliseconds Survey::step() {
  const auto began = Clock::now();
  if (began >= due_) {
    try {
      look();
      if (std::exchange(failures_, 0) >= many_failures) log::info("metrics of the source can be read again");
    } catch (const postgres::StatementFailed& error) {
      if (++failures_ == many_failures)
        log::warn("metrics of the source cannot be read", {{"error", error.what()}});
    }
    const auto end = Clock::now();
    due_ = end + rest_after(end - began);
  }
  return std::chrono::ceil<milliseconds>(due_ - Clock::now());
}

void Survey::look() {
  const auto layout = read_log_layout(connection_);
  postgres::Transaction transaction(connection_, postgres::Transaction::Kind::RepeatableReadOnly, settings);
  const auto snapshot = Snapshot::parse(transaction.first_rows().text(0, 0));
  read_subscriptions(layout);
  read_tasks();
  read_verified();
  transaction.rollback();

  auto bytes = static_cast<double>(layout.default_bytes);
  for (const auto& partition : layout.partitions) bytes += static_cast<double>(partition.bytes);
  metrics_.retained_bytes.with({}).set(bytes);
  const auto age = transaction_age_.seen(snapshot, Clock::now());
  metrics_.oldest_transaction.with({}).set(static_cast<double>(age.count()));
  metrics_.surveyed.with({}).set(now_in_seconds());
}

void Survey::read_subscriptions(const LogLayout& layout) {
  const auto rows = connection_.query(subscription_query, {std::to_string(counted_events)});
  GaugeFamily::Values events, seconds, bytes, in_trouble, needs_load, load_rows, rows_left, tables_left;
  for (int row = 0; row < rows.size(); ++row) {
    const LabelValues name{std::string(rows.text(row, 0))};
    const auto lag = read_lag(rows, row, layout);
    events[name] = lag.events;
    seconds[name] = lag.seconds;
    bytes[name] = lag.bytes;
    in_trouble[name] = rows.boolean(row, 7) ? 1 : 0;
    needs_load[name] = rows.boolean(row, 8) ? 1 : 0;
    load_rows[name] = number(rows, row, 9);
    rows_left[name] = number(rows, row, 10);
    tables_left[name] = number(rows, row, 11);
  }
  metrics_.lag_events.replace(events);
  metrics_.lag_seconds.replace(seconds);
  metrics_.lag_bytes.replace(bytes);
  metrics_.in_trouble.replace(in_trouble);
  metrics_.needs_load.replace(needs_load);
  metrics_.load_rows.replace(load_rows);
  metrics_.load_rows_left.replace(rows_left);
  metrics_.load_tables_left.replace(tables_left);
}

void Survey::read_tasks() {
  const auto rows = connection_.query(task_query);
  GaugeFamily::Values tasks;
  for (int row = 0; row < rows.size(); ++row)
    tasks[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}] = number(rows, row, 2);
  metrics_.tasks.replace(tasks);
}

void Survey::read_verified() {
  const auto rows = connection_.query(verified_query);
  GaugeFamily::Values verified;
  for (int row = 0; row < rows.size(); ++row)
    verified[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}] = number(rows, row, 2);
  metrics_.verified.replace(verified);
}

}  // namespace mailboat::producer
