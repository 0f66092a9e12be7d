#pragma once

#include <vector>

#include "common/event.hpp"

namespace mailboat::producer {

/// Where to cut a window whose events have ids about from `after` to `last`, so that PostgreSQL sorts each
/// slice quickly, the first above all, and a replica always has something to do. Ascending; slice i holds the
/// ids from bound i - 1 on and below bound i. The first and the last slice have no other bound, so that no
/// event is left out wherever it lies. Empty: the window is one slice. Pure.
[[nodiscard]] std::vector<EventId> slice_bounds(EventId after, EventId last);

/// Where the ids begin that go on behind the last tail that they have left. Source: outbox.next_era(),
/// migration 0026.
[[nodiscard]] constexpr EventId era_of(EventId id) {
  constexpr EventId era = 1'000'000'000'000;
  return id / era * era;
}

/// The same for the next id after `last`: ids leave a tail before anybody has one behind it. Pure.
[[nodiscard]] constexpr EventId era_after(EventId last) { return era_of(last + 1); }

}  // namespace mailboat::producer
