#include "common/rate_meter.hpp"

#include <gtest/gtest.h>

namespace mailboat {
namespace {

using namespace std::chrono_literals;

class Rate : public testing::Test {
 protected:
  void at(RateMeter::Clock::duration when, std::uint64_t count) { meter.add(start + when, count); }

  RateMeter meter;

 private:
  const RateMeter::Clock::time_point start = RateMeter::Clock::now();
};

TEST_F(Rate, IsUnknownUntilHalfASecondHasBeenSeen) {
  EXPECT_EQ(meter.per_second(), 0);
  at(0s, 100);
  EXPECT_EQ(meter.per_second(), 0);
  at(400ms, 200);
  EXPECT_EQ(meter.per_second(), 0);
  at(500ms, 250);
  EXPECT_DOUBLE_EQ(meter.per_second(), 300);
}

TEST_F(Rate, DoesNotCountWhatWasThereBefore) {
  at(0s, 1'000'000);
  at(1s, 1'000'010);
  EXPECT_DOUBLE_EQ(meter.per_second(), 10);
}

TEST_F(Rate, ForgetsWhatIsLongerAgoThanTenSeconds) {
  for (int second = 0; second <= 60; ++second) at(std::chrono::seconds(second), 1000U * second);
  EXPECT_DOUBLE_EQ(meter.per_second(), 1000);
  for (int second = 61; second <= 80; ++second) at(std::chrono::seconds(second), 60'000);
  EXPECT_EQ(meter.per_second(), 0);
}

TEST_F(Rate, IsTheSameHoweverOftenItIsTold) {
  for (int step = 0; step <= 10'000; ++step) at(step * 1ms, static_cast<std::uint64_t>(step));
  EXPECT_NEAR(meter.per_second(), 1000, 1);
}

TEST_F(Rate, BeginsAnewWithALowerCount) {
  at(0s, 5000);
  at(1s, 6000);
  at(2s, 10);
  EXPECT_EQ(meter.per_second(), 0);
  at(3s, 30);
  EXPECT_DOUBLE_EQ(meter.per_second(), 20);
}

TEST(SecondsFor, IsUnknownWhileNothingMoves) {
  EXPECT_EQ(seconds_for(100, 0), std::nullopt);
  EXPECT_EQ(seconds_for(100, 50), 2.0);
  EXPECT_EQ(seconds_for(0, 0), 0.0);
}

}  // namespace
}  // namespace mailboat
