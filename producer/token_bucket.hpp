#pragma once

#include <algorithm>
#include <chrono>

namespace mailboat::producer {

/// Lets through `capacity` at once and from then on `per_second`. Begins full, so that what has been quiet
/// may burst. Knows the time only from its caller; one thread.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  TokenBucket(double capacity, double per_second, Clock::time_point now)
      : capacity_(capacity), per_second_(per_second), tokens_(capacity), filled_at_(now) {}

  /// Whether one more is let through at `now`, which counts it.
  bool take(Clock::time_point now) {
    const std::chrono::duration<double> elapsed = now - filled_at_;
    filled_at_ = now;
    tokens_ = std::min(tokens_ + elapsed.count() * per_second_, capacity_);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double capacity_;
  const double per_second_;
  double tokens_;
  Clock::time_point filled_at_;
};

}  // namespace mailboat::producer
