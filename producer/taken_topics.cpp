#include "producer/taken_topics.hpp"

#include <algorithm>

namespace mailboat::producer {

TakenTopics::TakenTopics(std::vector<Span> spans) : spans_(std::move(spans)) {
  std::vector<std::string> names;
  for (const auto& span : *spans_) names.push_back(span.topic);
  names_ = postgres::array_literal(names);
}

bool TakenTopics::takes(std::string_view topic, EventId id) const {
  if (!spans_) return true;
  return std::any_of(spans_->begin(), spans_->end(), [&](const Span& span) {
    return span.topic == topic && span.first <= id && id <= span.last;
  });
}

TakenTopics read_taken_topics(postgres::Connection& connection, const Subscription& subscription) {
  if (!subscription.topics) return {};
  const auto rows = connection.query(
      "SELECT w.topic, w.first_id, w.last_id FROM outbox.subscription s CROSS JOIN outbox.taken(s) k"
      " CROSS JOIN unnest(k.topics, k.first_ids, k.last_ids) w(topic, first_id, last_id) WHERE s.name = $1",
      {subscription.name});
  std::vector<TakenTopics::Span> spans;
  for (int row = 0; row < rows.size(); ++row) {
    spans.push_back({std::string(rows.text(row, 0)), rows.uint64(row, 1), rows.uint64(row, 2)});
  }
  return TakenTopics(std::move(spans));
}

}  // namespace mailboat::producer
