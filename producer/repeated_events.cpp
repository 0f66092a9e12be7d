#include "producer/repeated_events.hpp"

namespace mailboat::producer {

bool RepeatedEvents::add(const postgres::Rows& rows, int row) {
  Event event{rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2),
              static_cast<Op>(rows.text(row, 3).front()), rows.text(row, 5)};
  const bool is_large = rows.is_null(row, 5) && !rows.is_null(row, 4);
  const auto large = is_large ? payload_of(event.transaction, event.id) : std::nullopt;
  if (rows.is_null(row, 2) || is_large != large.has_value()) return false;
  if (large) event.payload = *large;
  if (!rows.is_null(row, 6)) add_context(std::string(event.topic), rows.uint64(row, 6));
  if (event.op == Op::Relation) described_by_[std::string(event.topic)] = event.id;
  add_cut(event);
  return true;
}

void RepeatedEvents::add_cut(const Event& event) {
  std::string buffer;
  events_.add(columns_.cut(event, buffer));
}

void RepeatedEvents::add_context(const std::string& topic, EventId relation) {
  const auto [known, is_new] = described_by_.try_emplace(topic, relation);
  if (!is_new && known->second == relation) return;
  known->second = relation;
  const auto rows = connection_.query(
      "SELECT txid, description FROM outbox.relation WHERE topic = $1 AND event_id = $2::bigint",
      {topic, std::to_string(relation)});
  add_cut({relation, rows.uint64(0, 0), topic, Op::Relation, rows.text(0, 1)});
}

std::optional<std::string> RepeatedEvents::payload_of(TransactionId transaction, EventId id) {
  const auto rows =
      connection_.query("SELECT payload FROM outbox.event WHERE txid = $1::xid8 AND id = $2::bigint",
                        {std::to_string(transaction), std::to_string(id)});
  if (rows.empty()) return std::nullopt;
  return std::string(rows.text(0, 0));
}

}  // namespace mailboat::producer
