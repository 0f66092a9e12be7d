#pragma once

#include <cstdint>

#include "producer/log_layout.hpp"

namespace mailboat::producer {

/// What of the log lies behind some position.
struct Backlog {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
};

/// From the event `first` on, of whatever topic, by the partitions' sizes alone: ids are as good as events
/// but where ids have left a tail (see LogKeeper), whose events are reckoned from its size. Pure.
[[nodiscard]] Backlog estimate_backlog(const LogLayout& layout, EventId first);

}  // namespace mailboat::producer
