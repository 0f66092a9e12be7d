#pragma once

#include <chrono>
#include <deque>

#include "common/snapshot.hpp"

namespace mailboat::producer {

/// For how long the oldest transaction that has an id is open, learned from snapshots alone: pg_stat_activity
/// shows other users' transactions to privileged roles only. What was open before the first snapshot counts
/// from there. One thread.
class TransactionAge {
 public:
  using Clock = std::chrono::steady_clock;

  /// `snapshot` was current at `now`. Zero while nothing is open that was open before.
  std::chrono::seconds seen(const Snapshot& snapshot, Clock::time_point now);

 private:
  struct Moment {
    TransactionId next;  // the first id that was not given out yet
    Clock::time_point at;
  };
  std::deque<Moment> moments_;  // the first one is the earliest at which the oldest transaction was open
};

}  // namespace mailboat::producer
