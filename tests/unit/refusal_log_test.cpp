#include "producer/refusal_log.hpp"

#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

using std::chrono::seconds;

const RefusalLog::Clock::time_point begin{};

TEST(RefusalLog, SaysAReasonOnceHoweverOftenItComesAgain) {
  RefusalLog refusals;
  EXPECT_TRUE(refusals.is_news("shop", "no disk", begin));
  for (int i = 1; i < 100; ++i) EXPECT_FALSE(refusals.is_news("shop", "no disk", begin + i * seconds(3)));
}

TEST(RefusalLog, SaysAnotherReasonAndTheSameOneOfAnotherSubscription) {
  RefusalLog refusals;
  EXPECT_TRUE(refusals.is_news("shop", "no disk", begin));
  EXPECT_TRUE(refusals.is_news("shop", "no connection", begin));
  EXPECT_TRUE(refusals.is_news("shop", "no disk", begin));
  EXPECT_TRUE(refusals.is_news("stock", "no disk", begin));
}

TEST(RefusalLog, SaysAReasonAgainWhenItWasOver) {
  RefusalLog refusals;
  EXPECT_TRUE(refusals.is_news("shop", "no disk", begin));
  EXPECT_TRUE(refusals.is_news("shop", "no disk", begin + seconds(61)));
}

TEST(RefusalLog, ForgetsRatherThanGrows) {
  RefusalLog refusals;
  for (int i = 0; i < 5000; ++i)
    EXPECT_TRUE(refusals.is_news("stranger " + std::to_string(i), "unknown", begin));
}

}  // namespace
}  // namespace mailboat::producer
