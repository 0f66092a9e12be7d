#include "common/service_manager.hpp"

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <systemd/sd-daemon.h>
#include <utility>

#include "common/log.hpp"
#include "common/pause.hpp"

namespace mailboat {
namespace {

constexpr int keep_environment = 0;

void tell(const char* state) {
  if (sd_notify(keep_environment, state) < 0)
    log::warn("systemd could not be told of a change of state", {{"state", state}});
}

void keep_telling(const std::stop_token& stop, const Health& health, const ServiceWatchdog::Now& now,
                  std::chrono::microseconds interval) {
  while (!stop.stop_requested()) {
    if (const auto stuck = health.stuck(now())) {
      log::error("the daemon does not move any more, and leaves it to systemd to start it anew",
                 {{"seconds", stuck->count()}});
      return;
    }
    tell("WATCHDOG=1");
    pause(stop, interval);
  }
}

}  // namespace

void tell_service_is_ready() { tell("READY=1"); }
void tell_service_is_stopping() { tell("STOPPING=1"); }

ServiceWatchdog::ServiceWatchdog(const Health& health, Now now) {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(keep_environment, &interval) <= 0) return;
  thread_ = std::jthread([&health, interval, now = std::move(now)](const std::stop_token& stop) {
    keep_telling(stop, health, now, std::chrono::microseconds(interval / 2));
  });
}

}  // namespace mailboat
