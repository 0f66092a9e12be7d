#include "producer/repeated_events.hpp"

#include "producer/relation_reader.hpp"

namespace mailboat::producer {

RepeatedEvents::RepeatedEvents(postgres::Connection& connection, const ColumnCut& columns, TakenTopics taken,
                               const Snapshot& sent)
    : connection_(connection),
      columns_(columns),
      taken_(std::move(taken)),
      changes_(changes_before(connection, sent, false)) {}

bool RepeatedEvents::add(const postgres::Rows& rows, int row) {
  Event event{rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2),
              static_cast<Op>(rows.text(row, 3).front()), rows.text(row, 5)};
  if (rows.is_null(row, 2)) return false;
  if (!rows.is_null(row, 7)) event.created_at = EventTime(std::chrono::microseconds(rows.int64(row, 7)));
  const auto place = changes_.place(event.topic, event.id, event.transaction);
  if (!taken_.takes(place.topic, place.since)) return false;
  const bool is_large = rows.is_null(row, 5) && !rows.is_null(row, 4);
  const auto large = is_large ? payload_of(event.transaction, event.id) : std::nullopt;
  if (is_large != large.has_value()) return false;
  if (large) event.payload = *large;
  if (!rows.is_null(row, 6)) add_context(event.topic, rows.uint64(row, 6), place.topic);
  if (event.op == Op::Relation) described_by_[place.topic] = event.id;
  event.topic = place.then;
  add_as(place.topic, event);
  return true;
}

// Cut by the name that it had.
void RepeatedEvents::add_as(const std::string& topic, const Event& event) {
  std::string buffer;
  auto cut = columns_.cut(event, buffer);
  cut.topic = topic;
  events_.add(cut);
}

void RepeatedEvents::add_context(std::string_view logged, EventId relation, const std::string& topic) {
  const auto [known, is_new] = described_by_.try_emplace(topic, relation);
  if (!is_new && known->second == relation) return;
  known->second = relation;
  const auto rows = connection_.query(
      "SELECT txid, description FROM outbox.relation WHERE topic = $1 AND event_id = $2::bigint",
      {std::string(logged), std::to_string(relation)});
  add_as(topic, {relation, rows.uint64(0, 0), logged, Op::Relation, rows.text(0, 1)});
}

std::optional<std::string> RepeatedEvents::payload_of(TransactionId transaction, EventId id) {
  const auto rows =
      connection_.query("SELECT payload FROM outbox.event WHERE txid = $1::xid8 AND id = $2::bigint",
                        {std::to_string(transaction), std::to_string(id)});
  if (rows.empty()) return std::nullopt;
  return std::string(rows.text(0, 0));
}

}  // namespace mailboat::producer
