#include "common/event.hpp"

#include <algorithm>
#include <numeric>

#include "common/error.hpp"

namespace mailboat {

TextColumn::TextColumn(std::vector<std::uint32_t> sizes, std::string texts)
    : sizes_(std::move(sizes)), texts_(std::move(texts)) {
  const auto total = std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0});
  if (total != texts_.size()) {
    throw InvalidInput("text sizes add up to " + std::to_string(total) + " bytes, but " +
                       std::to_string(texts_.size()) + " came");
  }
}

void TextColumn::add(std::string_view text) {
  sizes_.push_back(static_cast<std::uint32_t>(text.size()));
  texts_.append(text);
}

EventBatch::EventBatch(std::vector<std::string> topic_names, std::vector<std::uint32_t> topics,
                       std::vector<EventId> ids, std::vector<TransactionId> transactions, std::string ops,
                       TextColumn payloads, std::vector<EventTime> times)
    : topic_names_(std::move(topic_names)),
      topics_(std::move(topics)),
      ids_(std::move(ids)),
      transactions_(std::move(transactions)),
      ops_(std::move(ops)),
      payloads_(std::move(payloads)),
      times_(std::move(times)) {
  const auto count = ids_.size();
  if (topics_.size() != count || transactions_.size() != count || ops_.size() != count ||
      payloads_.size() != count || (!times_.empty() && times_.size() != count)) {
    throw InvalidInput("the columns of an event batch differ in length");
  }
  if (!std::all_of(topics_.begin(), topics_.end(),
                   [this](auto topic) { return topic < topic_names_.size(); })) {
    throw InvalidInput("an event names a topic that its batch does not list");
  }
  if (!std::all_of(ops_.begin(), ops_.end(), is_op)) throw InvalidInput("an event has an unknown op");
}

std::uint32_t EventBatch::topic_number(std::string_view name) {
  // Neighbours usually share a topic, and a window has few of them: a search from the end is quicker than a
  // map.
  if (!topics_.empty() && topic_names_[topics_.back()] == name) return topics_.back();
  const auto found = std::find(topic_names_.begin(), topic_names_.end(), name);
  const auto number = static_cast<std::uint32_t>(found - topic_names_.begin());
  if (found == topic_names_.end()) topic_names_.emplace_back(name);
  return number;
}

void EventBatch::add(const Event& event) {
  topics_.push_back(topic_number(event.topic));
  ids_.push_back(event.id);
  transactions_.push_back(event.transaction);
  ops_.push_back(static_cast<char>(event.op));
  payloads_.add(event.payload);
  if (event.created_at == EventTime{} && times_.empty()) return;
  times_.resize(ids_.size());
  times_.back() = event.created_at;
}

}  // namespace mailboat
