#include "common/event_counters.hpp"

#include <utility>
#include <vector>

namespace mailboat {
namespace {

// Where an operation stands in EventCounters::ops; once for each event, so it is not searched for.
constexpr std::size_t index_of(char op) {
  switch (op) {
    case 'I':
      return 0;
    case 'U':
      return 1;
    case 'D':
      return 2;
    case 'T':
      return 3;
    default:
      return 4;
  }
}

}  // namespace

void EventCounters::add(const EventBatch& batch) {
  if (batch.empty()) return;
  std::vector<Sums> sums(batch.topic_names().size());
  const auto& sizes = batch.payloads().sizes();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& sum = sums[batch.topics()[i]][index_of(batch.ops()[i])];
    ++sum.events;
    sum.bytes += sizes[i];
  }
  for (std::size_t number = 0; number < sums.size(); ++number) {
    auto& total = topic(batch.topic_names()[number]).sums;
    for (std::size_t op = 0; op < ops.size(); ++op) {
      total[op].events += sums[number][op].events;
      total[op].bytes += sums[number][op].bytes;
    }
  }
}

EventCounters::Topic& EventCounters::topic(const std::string& name) {
  const auto known = topics_.find(name);
  if (known != topics_.end()) return known->second;
  return topics_[topics_.size() < most_topics ? name : other_topics];
}

EventCounters::Visible& EventCounters::visible(const std::string& name, Topic& topic, std::size_t op) {
  auto& found = topic.visible[op];
  if (!found) {
    auto values = labels_;
    values.insert(values.end(), {name, std::string(1, ops[op])});
    found.emplace(Visible{events_.with(values), bytes_.with(values)});
  }
  return *found;
}

void EventCounters::count() {
  for (auto& [name, topic] : topics_) {
    for (std::size_t op = 0; op < ops.size(); ++op) {
      const auto sum = std::exchange(topic.sums[op], {});
      if (sum.events == 0) continue;
      const auto& counters = visible(name, topic, op);
      counters.events.add(sum.events);
      counters.bytes.add(sum.bytes);
    }
  }
}

void EventCounters::forget() {
  for (auto& [name, topic] : topics_) topic.sums = {};
}

}  // namespace mailboat
