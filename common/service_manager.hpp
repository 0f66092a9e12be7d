#pragma once

#include <functional>
#include <thread>

#include "common/health.hpp"

namespace mailboat {

/// What systemd is told about this process, by sd_notify(3). Nothing happens where no service manager listens
/// (NOTIFY_SOCKET is not set). Any thread.

/// The start has succeeded: units that are ordered after this one may begin.
void tell_service_is_ready();
/// The end has begun, and takes as long as the work in progress.
void tell_service_is_stopping();

/// Tells systemd, twice in each WatchdogSec= of the unit, that the daemon lives, as long as its loops move;
/// when they do not, systemd kills it and starts it anew. Nothing where no watchdog is asked for. Source:
/// sd_watchdog_enabled(3).
class ServiceWatchdog {
 public:
  using Now = std::function<Health::Clock::time_point()>;
  /// `health` must outlive it. `now` may be called from a thread of its own: tests have another time.
  explicit ServiceWatchdog(const Health& health, Now now = Health::Clock::now);

 private:
  std::jthread thread_;
};

}  // namespace mailboat
