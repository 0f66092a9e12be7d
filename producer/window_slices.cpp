#include "producer/window_slices.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// About 64 MiB of usual events: what the session's work_mem holds.
constexpr EventId ids_per_slice = 150'000;
// Each slice looks through the whole window's part of the index, or its partition's.
constexpr EventId most_slices = 32;

}  // namespace

std::vector<EventId> slice_bounds(EventId after, EventId last) {
  std::vector<EventId> bounds;
  if (last <= after) return bounds;
  const auto ids = last - after;
  const auto slice = std::max(ids_per_slice, ids / most_slices + 1);
  for (auto bound = after + slice; bound < last; bound += slice) bounds.push_back(bound);
  return bounds;
}

}  // namespace mailboat::producer
