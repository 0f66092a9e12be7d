#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace mailboat::producer {

/// A token bucket: at most `per_second` events, which come in portions of about a quarter of a second. It
/// begins empty, so that never more than rate x elapsed time is spent. Knows the time only from its caller;
/// one thread.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// Without a rate there is no limit; otherwise it is above 0.
  RateLimit(std::optional<double> per_second, Clock::time_point now)
      : per_second_(per_second), filled_at_(now) {}

  /// How many events may be sent now, at most `wanted`. 0 as long as there is neither a portion nor `wanted`.
  [[nodiscard]] std::size_t available(std::size_t wanted, Clock::time_point now);
  void spend(std::size_t events);
  /// How long until available() is not 0.
  [[nodiscard]] std::chrono::milliseconds wait(std::size_t wanted, Clock::time_point now);

 private:
  [[nodiscard]] double portion(std::size_t wanted) const;
  void fill(Clock::time_point now);

  std::optional<double> per_second_;
  Clock::time_point filled_at_;
  double tokens_ = 0;
};

}  // namespace mailboat::producer
