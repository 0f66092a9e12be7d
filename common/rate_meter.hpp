#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace mailboat {

/// How fast a count grows: over its last ten seconds, so that one slow moment does not show and a longer
/// pause does. One thread.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `count` stands at this at `now`; one that is lower than before begins anew.
  void add(Clock::time_point now, std::uint64_t count);
  /// Zero until half a second has been seen.
  [[nodiscard]] double per_second() const;

 private:
  struct Sample {
    Clock::time_point at;
    std::uint64_t count;
  };
  std::deque<Sample> samples_;  // at most some twenty: those of half a second are one
};

/// How long `left` takes at this rate; nullopt when nothing moves.
std::optional<double> seconds_for(std::uint64_t left, double per_second);

}  // namespace mailboat
