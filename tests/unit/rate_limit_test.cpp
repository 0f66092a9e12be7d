#include "producer/rate_limit.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RateLimit::Clock::time_point start{seconds(1000)};
constexpr std::size_t batch = 500;

TEST(RateLimit, NeverSpendsMoreThanTheRateAllows) {
  for (const double rate : {0.5, 3.0, 10.0, 999.0, 100'000.0}) {
    RateLimit limit(rate, start);
    double spent = 0;
    for (auto at = start; at < start + seconds(20); at += milliseconds(7)) {
      const auto events = limit.available(batch, at);
      limit.spend(events);
      spent += static_cast<double>(events);
      const std::chrono::duration<double> elapsed = at - start;
      ASSERT_LE(spent, rate * elapsed.count() + 1e-6) << rate;
    }
    EXPECT_GE(spent, std::min(rate, batch / 0.007) * 20 * 0.9) << rate << ": nor much less";
  }
}

TEST(RateLimit, SavesNothingUpDuringAPause) {
  RateLimit limit(100, start);
  EXPECT_EQ(limit.available(batch, start + seconds(3600)), 25U);
}

TEST(RateLimit, TellsHowLongToWait) {
  RateLimit limit(2, start);
  const auto wait = limit.wait(batch, start);
  EXPECT_EQ(wait, milliseconds(500)) << "one event at a time";
  EXPECT_EQ(limit.available(batch, start + wait - milliseconds(1)), 0U);
  EXPECT_EQ(limit.available(batch, start + wait), 1U);
  EXPECT_GT(RateLimit(1e-300, start).wait(batch, start), seconds(60));
}

TEST(RateLimit, WithoutARateThereIsNone) {
  RateLimit limit(std::nullopt, start);
  EXPECT_EQ(limit.available(batch, start), batch);
  limit.spend(batch);
  EXPECT_EQ(limit.available(batch, start), batch);
  EXPECT_EQ(limit.wait(batch, start), milliseconds(0));
}

}  // namespace
}  // namespace mailboat::producer
