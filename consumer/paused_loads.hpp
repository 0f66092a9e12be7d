#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/messages.hpp"

namespace mailboat::consumer {

/// Loads that wait because a row of them was refused, while everything else goes on. A load that a Hello
/// calls paused is not continued, so a load is paused, and taken up again, by a new session. Pure; one
/// thread.
class PausedLoads {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long a load waits before it is tried again.
  static constexpr std::chrono::seconds interval{30};

  /// False when the same was said of this load before.
  bool pause(const std::string& topic, const std::string& reason, Clock::time_point now);

  /// The loads as a Hello at `now` lists them.
  [[nodiscard]] std::vector<LoadPosition> with_pauses(std::vector<LoadPosition> loads, Clock::time_point now);

  /// True when the running session's Hello has listed other loads than one at `now` would.
  [[nodiscard]] bool session_must_change(Clock::time_point now) const;

  /// Why loads wait at `now`, in words; empty when none does.
  [[nodiscard]] std::string trouble(Clock::time_point now) const;

 private:
  struct Pause {
    std::string reason;
    Clock::time_point until;
    bool in_session = true;  // the running session goes on with this load
  };
  std::map<std::string, Pause> pauses_;
};

}  // namespace mailboat::consumer
