#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/event.hpp"
#include "common/metrics.hpp"

namespace mailboat {

/// Counts events, and the bytes of their payloads, by topic and operation. They are added up frame by frame,
/// at some nanoseconds each, and become visible with their window. Beyond a thousand topics the rest is one
/// topic, so that whoever publishes with a topic for each customer does not fill the memory. One thread.
class EventCounters {
 public:
  /// `labels`: the values of the labels before `topic` and `op`.
  EventCounters(CounterFamily events, CounterFamily bytes, LabelValues labels)
      : events_(std::move(events)), bytes_(std::move(bytes)), labels_(std::move(labels)) {}

  void add(const EventBatch& batch);
  /// What was added has happened, ...
  void count();
  /// ... or has not.
  void forget();

  static constexpr std::size_t most_topics = 1000;
  static constexpr auto other_topics = "(others)";

 private:
  static constexpr std::string_view ops = "IUDTR";
  struct Sum {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
  };
  using Sums = std::array<Sum, ops.size()>;
  struct Visible {
    Counter events;
    Counter bytes;
  };
  struct Topic {
    Sums sums{};
    std::array<std::optional<Visible>, ops.size()> visible{};
  };

  Topic& topic(const std::string& name);
  Visible& visible(const std::string& name, Topic& topic, std::size_t op);

  const CounterFamily events_;
  const CounterFamily bytes_;
  const LabelValues labels_;
  std::map<std::string, Topic> topics_;
};

}  // namespace mailboat
