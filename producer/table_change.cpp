#include "producer/table_change.hpp"

#include <algorithm>

namespace mailboat::producer {

std::vector<std::string> topics_to_load(const std::vector<TableChange>& changes) {
  std::vector<std::string> topics;
  for (const auto& change : changes) {
    const auto& former = change.renamed_from.empty() ? change.topic : change.renamed_from;
    const auto known = std::find(topics.begin(), topics.end(), former);
    if (known == topics.end()) {
      if (change.load) topics.push_back(change.topic);
    } else if (change.dropped) {
      topics.erase(known);
    } else {
      *known = change.topic;
    }
  }
  return topics;
}

KnownChanges::Place KnownChanges::place(std::string_view topic, EventId id, TransactionId transaction) const {
  Place place{std::string(topic), id, std::string(topic)};
  for (const auto& [changed_by, changing, late_until, change] : changes_) {
    const bool was_before = id < changed_by || (transaction < late_until && transaction != changing);
    if (!was_before) continue;
    if (!change.renamed_from.empty() && change.renamed_from == place.topic) {
      place.topic = change.topic;
      if (changed_by < id) place.then = change.topic;
      place.since = std::max(id, changed_by);
    } else if (change.topic != place.topic) {
      continue;
    } else if (change.dropped) {
      break;  // what has its name later is another table
    }
    place.load |= change.load;
  }
  return place;
}

}  // namespace mailboat::producer
