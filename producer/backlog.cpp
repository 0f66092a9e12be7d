#include "producer/backlog.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// Only a tail is so wide: see outbox.next_era().
constexpr EventId widest_ordinary = 100'000'000'000;

bool is_left_tail(const LogPartition& partition, EventId next_id) {
  return partition.to <= next_id && partition.to - partition.from > widest_ordinary;
}

}  // namespace

Backlog estimate_backlog(const LogLayout& layout, EventId first) {
  double bytes = 0;
  double counted_bytes = 0;  // in partitions whose ids are all in use
  double counted_ids = 0;
  for (const auto& partition : layout.partitions) {
    const auto begin = std::max<EventId>(partition.from, 1);
    const auto end = std::min(partition.to, layout.next_id);
    if (partition.empty || end <= std::max(begin, first)) continue;
    const auto ids = static_cast<double>(end - std::max(begin, first));
    const auto share = static_cast<double>(partition.bytes) * ids / static_cast<double>(end - begin);
    bytes += share;
    if (is_left_tail(partition, layout.next_id)) continue;
    counted_bytes += share;
    counted_ids += ids;
  }
  const auto events = counted_bytes > 0 ? counted_ids * bytes / counted_bytes : counted_ids;
  return {static_cast<std::uint64_t>(events), static_cast<std::uint64_t>(bytes)};
}

}  // namespace mailboat::producer
