#include "producer/window_slices.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// Some 12 MiB of usual events. PostgreSQL sorts a slice before it hands out the first row, and meanwhile the
// consumer has no more to do than what is under way to it: 8 MiB.
constexpr EventId ids_per_slice = 30'000;
// Nothing is under way yet when the first slice is sorted.
constexpr EventId ids_of_first_slice = 5'000;
// Each looks through whatever the log's BRIN index has not yet summarized.
constexpr EventId most_slices = 128;

}  // namespace

std::vector<EventId> slice_bounds(EventId after, EventId last) {
  std::vector<EventId> bounds;
  if (last <= after || last - after <= ids_per_slice) return bounds;
  const auto slice = std::max(ids_per_slice, (last - after) / (most_slices - 2));
  for (auto bound = after + ids_of_first_slice; bound < last; bound += slice) bounds.push_back(bound);
  return bounds;
}

}  // namespace mailboat::producer
