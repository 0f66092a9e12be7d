#include "consumer/event_time.hpp"

#include <gtest/gtest.h>

namespace mailboat::consumer {
namespace {

std::string text_of(std::int64_t microseconds) {
  return event_time_text(EventTime(std::chrono::microseconds(microseconds)));
}

TEST(EventTime, StandsAsATimestampWithTimeZoneDoes) {
  EXPECT_EQ(text_of(0), "1970-01-01 00:00:00Z");
  EXPECT_EQ(text_of(1'586'754'091'500'000), "2020-04-13 05:01:31.5Z");
  EXPECT_EQ(text_of(1'586'754'090'000'001), "2020-04-13 05:01:30.000001Z");
  EXPECT_EQ(text_of(1'586'754'060'000'000), "2020-04-13 05:01:00Z");
  EXPECT_EQ(text_of(-1), "1969-12-31 23:59:59.999999Z");
}

}  // namespace
}  // namespace mailboat::consumer
