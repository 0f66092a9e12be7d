#include "cli/screen.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sstream>
#include <thread>

namespace mailboat::cli {
namespace {

bool is_blocked(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return sigismember(&blocked, signal) == 1;
}

void block(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

TEST(Screen, LeavesOtherSignalsAsTheyHaveBecome) {
  std::jthread([] {  // with a signal mask of its own
    std::ostringstream out;
    block(SIGTSTP);
    {
      const Screen screen(out, false);
      EXPECT_TRUE(is_blocked(SIGWINCH));
      block(SIGTERM);
    }
    EXPECT_TRUE(is_blocked(SIGTERM)) << "a late one would end the program";
    EXPECT_TRUE(is_blocked(SIGTSTP)) << "it was blocked before";
    EXPECT_FALSE(is_blocked(SIGWINCH));
  })
      .join();
}

}  // namespace
}  // namespace mailboat::cli
