#include "producer/retry_reader.hpp"

#include "producer/repeated_events.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// One look brings at most this many events.
constexpr auto events_per_batch = "500";

constexpr auto next_due_query =
    "SELECT greatest(ceil(extract(epoch FROM next_attempt_at - now()) * 1000), 0)::bigint"
    " FROM outbox.rejection WHERE subscription = $1 AND status = 'retrying' ORDER BY next_attempt_at LIMIT 1";

// LIMIT 1 keeps the planner, whatever its statistics say, from joining with the whole log. A description of a
// table is kept when its event leaves the log.
const std::string& due_query() {
  static const auto sql =
      std::string(
          "WITH due AS (SELECT event_id, txid FROM outbox.rejection WHERE subscription = $1"
          " AND status = 'retrying' AND next_attempt_at <= now() ORDER BY event_id LIMIT ") +
      events_per_batch +
      ") SELECT due.event_id, due.txid, coalesce(e.topic, d.topic), coalesce(e.op, 'R'),"
      " octet_length(p.payload), CASE WHEN octet_length(p.payload) <= " +
      RepeatedEvents::inline_payload_bytes +
      " THEN p.payload END, (SELECT max(r.event_id) FROM outbox.relation r WHERE r.topic = e.topic"
      " AND r.event_id < due.event_id AND e.op <> 'R'), (extract(epoch FROM e.created_at) * 1000000)::bigint"
      " FROM due LEFT JOIN LATERAL (SELECT topic, op, payload, created_at FROM outbox.event x WHERE x.txid = "
      "due.txid"
      "  AND x.id = due.event_id LIMIT 1) e ON true"
      " LEFT JOIN LATERAL (SELECT topic, description FROM outbox.relation x WHERE x.txid = due.txid"
      "  AND x.event_id = due.event_id AND e.topic IS NULL LIMIT 1)"
      " d ON true CROSS JOIN LATERAL (SELECT coalesce(e.payload, d.description)::text AS payload) p"
      " ORDER BY due.event_id";
  return sql;
}

}  // namespace

RetryReader::RetryReader(postgres::Connection& connection, const Subscription& subscription)
    : connection_(connection), subscription_(subscription) {}

std::optional<milliseconds> RetryReader::next_due() {
  const auto rows = connection_.query_prepared(next_due_query, {subscription_.name});
  if (rows.empty()) return std::nullopt;
  return milliseconds(rows.int64(0, 0));
}

RetryReader::Batch RetryReader::read(const Snapshot& sent, std::size_t target_bytes) {
  const auto rows = connection_.query(due_query(), {subscription_.name});
  RepeatedEvents repeated(connection_, subscription_.columns, read_taken_topics(connection_, subscription_),
                          sent);
  Batch batch;
  for (int row = 0; row < rows.size() && repeated.events().bytes() < target_bytes; ++row) {
    if (!repeated.add(rows, row)) batch.lost.push_back(rows.uint64(row, 0));
  }
  batch.events = repeated.take();
  return batch;
}

}  // namespace mailboat::producer
