#include "common/log_level_signals.hpp"

#include <csignal>

#include "common/log.hpp"

namespace mailboat {
namespace {

void change_level(int signal) {
  const auto before = log::level();
  const auto now = log::shifted(before, signal == SIGUSR1 ? 1 : -1);
  log::set_level(now);
  log::write_always(log::Level::Info,
                    now == before ? "the log level has no further step" : "the log level was changed",
                    {{"signal", signal == SIGUSR1 ? "SIGUSR1" : "SIGUSR2"},
                     {"from", log::level_name(before)},
                     {"to", log::level_name(now)}});
}

}  // namespace

LogLevelSignals::LogLevelSignals() : watcher_({SIGUSR1, SIGUSR2}, change_level) {}

}  // namespace mailboat
