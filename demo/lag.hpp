#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "common/snapshot.hpp"

namespace mailboat::demo {

using Clock = std::chrono::steady_clock;

/// What the application knows of one of its transactions.
struct Commit {
  TransactionId transaction;
  std::int64_t changes;
  Clock::time_point when;  ///< the server had said that it is committed
};

/// Which commits have reached the replica, and how long that took. Pure.
class Lag {
 public:
  void committed(const std::vector<Commit>& commits);
  /// `replica` covers what a reader of the replica sees at `now`.
  void reached(const Snapshot& replica, Clock::time_point now);

  [[nodiscard]] std::int64_t changes_committed() const { return committed_; }
  [[nodiscard]] std::int64_t changes_applied() const { return applied_; }
  [[nodiscard]] std::int64_t changes_behind() const { return committed_ - applied_; }
  /// The age of the oldest commit that is not in the replica; zero when all are.
  [[nodiscard]] std::chrono::milliseconds behind(Clock::time_point now) const;
  /// How long after the commit half (0.5), or nearly all (0.99), of the transactions were in the replica.
  [[nodiscard]] std::chrono::milliseconds delay(double share) const;

 private:
  std::deque<Commit> waiting_;
  std::vector<std::chrono::milliseconds> delays_;
  std::int64_t committed_ = 0;
  std::int64_t applied_ = 0;
};

}  // namespace mailboat::demo
