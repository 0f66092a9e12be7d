#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <unistd.h>

#include "common/log.hpp"
#include "common/log_level_signals.hpp"
#include "common/shutdown.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat {
namespace {

bool becomes(log::Level level) {
  return test::eventually([level] { return log::level() == level; });
}

// The signals go to the whole process, so each scenario has a process of its own, and says what it sees.
[[noreturn]] void change_levels() {
  const ShutdownSignal shutdown;
  std::optional<LogLevelSignals> signals(std::in_place);
  log::set_level(log::Level::Warning);
  bool right = true;
  for (const auto level : {log::Level::Info, log::Level::Debug}) {
    ::kill(::getpid(), SIGUSR1);
    right = right && becomes(level);
  }
  for (const auto level : {log::Level::Info, log::Level::Warning, log::Level::Error}) {
    ::kill(::getpid(), SIGUSR2);
    right = right && becomes(level);
  }
  ::kill(::getpid(), SIGTERM);  // another watcher's: not to end the process in the thread of this one
  right = right && test::eventually([&shutdown] { return shutdown.token().stop_requested(); });
  signals.reset();  // what it was about to say has been said
  ::_exit(right ? 0 : 1);
}

[[noreturn]] void go_beyond() {
  const LogLevelSignals signals;
  log::set_level(log::Level::Debug);
  ::kill(::getpid(), SIGUSR1);
  ::kill(::getpid(), SIGUSR2);  // has the greater number: is read later, even if both are pending
  ::_exit(becomes(log::Level::Info) ? 0 : 1);
}

TEST(LogLevelSignalsDeathTest, GoStepByStepAndSaySoWhateverTheLevel) {
  EXPECT_EXIT(change_levels(), testing::ExitedWithCode(0),
              "the log level was changed signal=SIGUSR1 from=warning to=info\n"
              ".*the log level was changed signal=SIGUSR1 from=info to=debug\n"
              ".*the log level was changed signal=SIGUSR2 from=debug to=info\n"
              ".*the log level was changed signal=SIGUSR2 from=info to=warning\n"
              ".*the log level was changed signal=SIGUSR2 from=warning to=error");
}

TEST(LogLevelSignalsDeathTest, StopAtTheEndOfTheScale) {
  EXPECT_EXIT(go_beyond(), testing::ExitedWithCode(0),
              "the log level has no further step signal=SIGUSR1 from=debug to=debug");
}

}  // namespace
}  // namespace mailboat
