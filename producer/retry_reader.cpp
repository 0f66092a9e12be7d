#include "producer/retry_reader.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// One look brings at most this many events, and payloads above the inline limit are fetched one by one, so
// that it is bounded by their product.
constexpr auto events_per_batch = "500";
constexpr auto inline_payload_bytes = "8192";

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
      inline_payload_bytes +
      " THEN p.payload END, (SELECT max(r.event_id) FROM outbox.relation r WHERE r.topic = e.topic"
      " AND r.event_id < due.event_id AND e.op <> 'R')"
      " FROM due LEFT JOIN LATERAL (SELECT topic, op, payload FROM outbox.event x WHERE x.txid = due.txid"
      "  AND x.id = due.event_id AND ($2::text[] IS NULL OR x.topic = ANY ($2)) LIMIT 1) e ON true"
      " LEFT JOIN LATERAL (SELECT topic, description FROM outbox.relation x WHERE x.txid = due.txid"
      "  AND x.event_id = due.event_id AND ($2::text[] IS NULL OR x.topic = ANY ($2)) AND e.topic IS NULL "
      "LIMIT 1)"
      " d ON true CROSS JOIN LATERAL (SELECT coalesce(e.payload, d.description)::text AS payload) p"
      " ORDER BY due.event_id";
  return sql;
}

}  // namespace

RetryReader::RetryReader(postgres::Connection& connection, const Subscription& subscription)
    : connection_(connection),
      subscription_(subscription.name),
      topics_(subscription.topics ? std::optional(postgres::array_literal(*subscription.topics))
                                  : std::nullopt) {}

std::optional<milliseconds> RetryReader::next_due() {
  const auto rows = connection_.query(next_due_query, {subscription_});
  if (rows.empty()) return std::nullopt;
  return milliseconds(rows.int64(0, 0));
}

RetryReader::Batch RetryReader::read(std::size_t target_bytes) {
  const auto rows = connection_.query(due_query(), {subscription_, topics_});
  Batch batch;
  described_by_.clear();
  for (int row = 0; row < rows.size() && batch.events.bytes() < target_bytes; ++row) {
    Event event{rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2),
                static_cast<Op>(rows.text(row, 3).front()), rows.text(row, 5)};
    const bool is_large = rows.is_null(row, 5) && !rows.is_null(row, 4);
    const auto large = is_large ? payload_of(event.transaction, event.id) : std::nullopt;
    if (rows.is_null(row, 2) || is_large != large.has_value()) {
      batch.lost.push_back(event.id);
      continue;
    }
    if (large) event.payload = *large;
    if (!rows.is_null(row, 6)) add_context(batch.events, std::string(event.topic), rows.uint64(row, 6));
    if (event.op == Op::Relation) described_by_[std::string(event.topic)] = event.id;
    batch.events.add(event);
  }
  return batch;
}

void RetryReader::add_context(EventBatch& batch, const std::string& topic, EventId relation) {
  const auto [known, is_new] = described_by_.try_emplace(topic, relation);
  if (!is_new && known->second == relation) return;
  known->second = relation;
  const auto rows = connection_.query(
      "SELECT txid, description FROM outbox.relation WHERE topic = $1 AND event_id = $2::bigint",
      {topic, std::to_string(relation)});
  batch.add({relation, rows.uint64(0, 0), topic, Op::Relation, rows.text(0, 1)});
}

std::optional<std::string> RetryReader::payload_of(TransactionId transaction, EventId id) {
  const auto rows =
      connection_.query("SELECT payload FROM outbox.event WHERE txid = $1::xid8 AND id = $2::bigint",
                        {std::to_string(transaction), std::to_string(id)});
  if (rows.empty()) return std::nullopt;
  return std::string(rows.text(0, 0));
}

}  // namespace mailboat::producer
