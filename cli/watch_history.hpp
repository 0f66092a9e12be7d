#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "cli/status_print.hpp"
#include "common/rate_meter.hpp"

namespace mailboat::cli {

/// What has been seen of the subscriptions: the last looks at each one's lag, and how fast events are
/// captured and acknowledged. Time is an argument. One thread.
class WatchHistory {
 public:
  using Clock = RateMeter::Clock;
  using Lags = std::deque<std::optional<std::int64_t>>;

  /// A subscription that is not in `report` any more is forgotten.
  void add(Clock::time_point now, const StatusReport& report);
  /// There was nothing to be seen.
  void add_gap();

  /// The newest last, at most 120; none for an unknown one.
  [[nodiscard]] const Lags& lags(const std::string& subscription) const;
  /// By event ids: those of other topics count as well.
  [[nodiscard]] double acknowledged_per_second(const std::string& subscription) const;
  [[nodiscard]] double captured_per_second() const { return captured_.per_second(); }

 private:
  struct Seen {
    Lags lags;
    RateMeter acknowledged;
  };
  static void remember(Lags& lags, std::optional<std::int64_t> lag);

  std::map<std::string, Seen> subscriptions_;
  RateMeter captured_;
};

}  // namespace mailboat::cli
