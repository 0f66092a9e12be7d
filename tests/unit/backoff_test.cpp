#include "common/backoff.hpp"

#include <gtest/gtest.h>

namespace mailboat {
namespace {

using std::chrono::milliseconds;

const BackoffPolicy policy{milliseconds(100), milliseconds(5000)};

TEST(Backoff, DoublesUpToTheLongestDelay) {
  EXPECT_EQ(backoff_delay(1, policy, 0), milliseconds(100));
  EXPECT_EQ(backoff_delay(2, policy, 0), milliseconds(200));
  EXPECT_EQ(backoff_delay(6, policy, 0), milliseconds(3200));
  EXPECT_EQ(backoff_delay(7, policy, 0), milliseconds(5000));
  EXPECT_EQ(backoff_delay(1000, policy, 0), milliseconds(5000));
}

TEST(Backoff, JitterTakesAwayUpToHalf) {
  EXPECT_EQ(backoff_delay(1, policy, 1), milliseconds(50));
  EXPECT_EQ(backoff_delay(7, policy, 0.5), milliseconds(3750));
}

TEST(Backoff, StartsAnewAfterSuccess) {
  Backoff backoff(policy);
  for (int i = 0; i < 10; ++i) static_cast<void>(backoff.next());
  EXPECT_GE(backoff.next(), milliseconds(2500));
  backoff.succeeded();
  EXPECT_LE(backoff.next(), milliseconds(100));
}

}  // namespace
}  // namespace mailboat
