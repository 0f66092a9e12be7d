#include "producer/replay_reader.hpp"

#include <algorithm>

#include "producer/repeated_events.hpp"

namespace mailboat::producer {
namespace {

// Of ids: fewer while many events match, so that little is read in vain; the most are some ten milliseconds.
constexpr EventId first_piece = 1024;
constexpr EventId largest_piece = 32'768;

// By its bitmap index: the planner would rather walk along the whole primary key, which begins with txid.
constexpr auto reading_settings = "SET LOCAL enable_indexscan = off";

// R events come with the events that they describe, and need not be asked for.
const std::string& events_query() {
  static const auto sql =
      std::string(
          "SELECT e.id, e.txid, e.topic, e.op, octet_length(e.payload::text),"
          " CASE WHEN octet_length(e.payload::text) <= ") +
      RepeatedEvents::inline_payload_bytes +
      " THEN e.payload END, (SELECT max(r.event_id) FROM outbox.relation r WHERE r.topic = e.topic"
      " AND r.event_id < e.id), (extract(epoch FROM e.created_at) * 1000000)::bigint"
      " FROM (SELECT x.id, x.txid, x.topic, x.op, x.payload, x.created_at FROM outbox.replay a JOIN "
      "outbox.event x"
      "  ON (a.topic IS NULL OR x.topic = a.topic)"
      "  AND (a.since IS NULL OR x.created_at >= a.since) AND (a.until IS NULL OR x.created_at <= a.until)"
      "  AND (a.key IS NULL OR NOT EXISTS (SELECT FROM jsonb_each_text(a.key) k"
      "       WHERE x.payload ->> k.key IS DISTINCT FROM k.value))"
      "  WHERE a.operation = $1::bigint AND x.id > $2::bigint AND x.id <= $3::bigint AND x.op <> 'R'"
      "  AND ($4::text[] IS NULL OR x.topic = ANY ($4)) AND pg_visible_in_snapshot(x.txid, $5::pg_snapshot)"
      "  ORDER BY x.id LIMIT $6::bigint) e ORDER BY e.id";
  return sql;
}

}  // namespace

ReplayReader::ReplayReader(postgres::Connection& connection, const Subscription& subscription,
                           OperationId operation)
    : connection_(connection),
      subscription_(subscription),
      operation_(std::to_string(operation)),
      piece_(first_piece) {}

// Ids may have a gap of a trillion: see migrations/0026_retention.sql.
EventId ReplayReader::skip_gap(EventId after) {
  return connection_.query("SELECT outbox.skip_gap($1::bigint)", {std::to_string(after)}).uint64(0, 0);
}

ReplayReader::Batch ReplayReader::read(EventId after, EventId last, const Snapshot& sent, std::size_t limit,
                                       std::size_t target_bytes) {
  const auto end = std::min(last, after + piece_);
  postgres::Transaction transaction(connection_, postgres::Transaction::Kind::RepeatableReadOnly,
                                    reading_settings);
  auto taken = read_taken_topics(connection_, subscription_);
  const auto rows =
      transaction.query(events_query(), {operation_, std::to_string(after), std::to_string(end),
                                         taken.names(), sent.to_string(), std::to_string(limit)});
  const auto found = static_cast<std::size_t>(rows.size());
  Batch batch{{}, {}, found < limit ? end : rows.uint64(rows.size() - 1, 0)};
  RepeatedEvents repeated(connection_, subscription_.columns, std::move(taken), sent);
  for (int row = 0; row < rows.size(); ++row) {
    if (repeated.events().bytes() >= target_bytes) {
      batch.through = rows.uint64(row - 1, 0);
      break;
    }
    if (repeated.add(rows, row)) batch.ids.push_back(rows.uint64(row, 0));
  }
  batch.events = repeated.take();
  if (found == 0 && piece_ == largest_piece) batch.through = std::min(last, skip_gap(end));
  transaction.rollback();  // nothing was written
  piece_ = found < limit ? std::min(piece_ * 2, largest_piece) : std::max(piece_ / 2, first_piece);
  return batch;
}

}  // namespace mailboat::producer
