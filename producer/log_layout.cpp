#include "producer/log_layout.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// A tail is at least so many ids wide: outbox.next_era().
constexpr EventId tail_width = 500'000'000'000;
constexpr EventId widest = 1'000'000'000;
constexpr EventId narrowest = 1'000;

constexpr std::uint64_t smallest_bytes = std::uint64_t{256} << 20;
constexpr std::uint64_t parts_of_log = 4;
constexpr std::uint64_t parts_of_limit = 8;

// Before there are events enough to measure.
constexpr std::uint64_t usual_event_bytes = 512;
constexpr EventId enough_events = 1'000;

constexpr std::size_t made_ahead = 2;
constexpr std::size_t many_empty = 3;

bool is_tail(const LogPartition& partition) { return partition.to - partition.from >= tail_width; }

const LogPartition* current(const LogLayout& layout) {
  const auto found = std::find_if(layout.partitions.begin(), layout.partitions.end(),
                                  [&](const auto& partition) { return partition.has(layout.next_id); });
  return found == layout.partitions.end() ? nullptr : &*found;
}

std::uint64_t total_bytes(const LogLayout& layout) {
  auto bytes = layout.default_bytes;
  for (const auto& partition : layout.partitions) bytes += partition.bytes;
  return bytes;
}

std::uint64_t event_bytes(const LogLayout& layout) {
  const auto* written = current(layout);
  const auto events = written == nullptr ? 0 : layout.next_id - std::max<EventId>(written->from, 1);
  if (events < enough_events) return usual_event_bytes;
  return std::max<std::uint64_t>(written->bytes / events, 1);
}

EventId partition_size(const LogLayout& layout, const RetentionLimits& limits) {
  auto bytes = std::max(total_bytes(layout) / parts_of_log, smallest_bytes);
  bytes = std::min(bytes, limits.max_retained.bytes / parts_of_limit);
  const auto ids = std::clamp(bytes / event_bytes(layout), narrowest, widest);
  return ids - ids % narrowest;
}

// With nothing but the tail ahead. A tail that is written to is left for partitions behind it.
bool has_to_grow(const LogLayout& layout) {
  const auto* written = current(layout);
  if (written == nullptr) return !layout.default_in_use || layout.overflow_checked == true;
  return std::none_of(layout.partitions.begin(), layout.partitions.end(), [&](const auto& partition) {
    return partition.from >= written->to && !is_tail(partition);
  });
}

}  // namespace

bool has_overflowed(const LogLayout& layout) { return layout.default_in_use && current(layout) == nullptr; }

Arrangement plan_arrangement(const LogLayout& layout, const RetentionLimits& limits) {
  Arrangement plan;
  const bool grows = has_to_grow(layout);
  for (const auto& partition : layout.partitions) {
    const bool is_behind = partition.to <= layout.next_id;
    const bool is_unused_tail = grows && is_tail(partition) && partition.from > layout.next_id;
    if (partition.empty && (is_behind || is_unused_tail)) plan.removed.push_back(partition.from);
  }
  plan.adopts_overflow = layout.overflow_checked == true;
  if (grows) {
    plan.sizes.assign(made_ahead, partition_size(layout, limits));
  } else if (plan.removed.size() < many_empty && !plan.adopts_overflow) {
    plan.removed.clear();
  }
  return plan;
}

bool may_leave_tail(const LogLayout& layout) {
  const auto* written = current(layout);
  return written != nullptr && is_tail(*written) && layout.next_id > written->from &&
         written->to < layout.partitions.back().to;
}

std::vector<TruncationCandidate> truncation_candidates(const LogLayout& layout,
                                                       const RetentionLimits& limits) {
  std::vector<TruncationCandidate> candidates;
  auto left = total_bytes(layout);
  for (const auto& partition : layout.partitions) {
    if (partition.empty || partition.to > layout.next_id) continue;
    candidates.push_back({&partition, left > limits.max_retained.bytes});
    left -= partition.bytes;
  }
  return candidates;
}

}  // namespace mailboat::producer
