#include "common/shutdown.hpp"

#include <condition_variable>
#include <csignal>
#include <gtest/gtest.h>
#include <mutex>
#include <poll.h>

#include "common/hangup.hpp"

namespace mailboat {
namespace {

void wait_for_stop(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, token, [] { return false; });
}

// The signals go to the whole process, so each scenario has a process of its own.
[[noreturn]] void end_well_on(int signal) {
  const ShutdownSignal shutdown;
  ::kill(::getpid(), signal);
  wait_for_stop(shutdown.token());
  ::_exit(0);
}

[[noreturn]] void hang_after(int signal) {
  const ShutdownSignal shutdown;
  ::kill(::getpid(), signal);
  wait_for_stop(shutdown.token());
  ::kill(::getpid(), signal);
  ::alarm(20);  // ends, as a failure, a process that would wait for ever
  while (true) ::poll(nullptr, 0, -1);
}

TEST(ShutdownSignalDeathTest, TurnsTheFirstSignalIntoAStopRequest) {
  EXPECT_EXIT(end_well_on(SIGTERM), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(end_well_on(SIGINT), testing::ExitedWithCode(0), "");
}

TEST(ShutdownSignalDeathTest, EndsTheProcessAtOnceOnTheSecondSignal) {
  EXPECT_EXIT(hang_after(SIGTERM), testing::ExitedWithCode(128 + SIGTERM), "");
  EXPECT_EXIT(hang_after(SIGINT), testing::ExitedWithCode(128 + SIGINT), "");
}

[[noreturn]] void count_hangups() {
  const HangupSignal hangup;
  const bool before = hangup.came();
  ::kill(::getpid(), SIGHUP);
  ::kill(::getpid(), SIGHUP);
  const bool then = hangup.came();
  ::_exit(!before && then && !hangup.came() ? 0 : 1);
}

TEST(HangupSignalDeathTest, IsToldOnceAndDoesNotEndTheProcess) {
  EXPECT_EXIT(count_hangups(), testing::ExitedWithCode(0), "");
}

TEST(ShutdownSignal, EndsWithoutASignal) {
  ShutdownSignal shutdown;
  EXPECT_FALSE(shutdown.token().stop_requested());
  shutdown.request_stop();
  EXPECT_TRUE(shutdown.token().stop_requested());
}

}  // namespace
}  // namespace mailboat
