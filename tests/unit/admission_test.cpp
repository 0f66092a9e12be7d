#include "producer/admission.hpp"

#include <gtest/gtest.h>

#include "producer/inbox.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

const Admission::Clock::time_point start{};

TEST(TokenBucket, LetsABurstThroughAndThenItsRate) {
  TokenBucket bucket(3, 10, start);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start + milliseconds(90)));
  EXPECT_TRUE(bucket.take(start + milliseconds(110)));
  EXPECT_FALSE(bucket.take(start + milliseconds(110)));
  int taken = 0;
  while (bucket.take(start + std::chrono::hours(1))) ++taken;
  EXPECT_EQ(taken, 3);
}

TEST(Admission, LimitsTheHellosOfEachKeyByItself) {
  Admission admission(100, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(admission.too_many_hellos("mad", start), "");
  EXPECT_NE(admission.too_many_hellos("mad", start).find("handshake_limit"), std::string::npos);
  EXPECT_EQ(admission.too_many_hellos("well-behaved", start), "");
  EXPECT_EQ(admission.too_many_hellos("mad", start + std::chrono::seconds(1)), "");
}

TEST(Admission, LimitsSessionsInAllAndOfEachSubscription) {
  Admission admission(10, 100);
  EXPECT_EQ(admission.too_many_sessions({9, 3}), "");
  EXPECT_NE(admission.too_many_sessions({10, 0}).find("session_limit"), std::string::npos);
  EXPECT_NE(admission.too_many_sessions({4, 4}).find("have not ended yet"), std::string::npos);
}

TEST(Inbox, TakesInNoMoreThanAConsumerCanHaveToSay) {
  Inbox inbox;
  constexpr std::size_t mebibyte = 1 << 20;
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(inbox.push(Credit{1}, mebibyte));
  EXPECT_FALSE(inbox.push(Credit{1}, mebibyte));
  inbox.push_goodbye();
  EXPECT_EQ(inbox.take().size(), 65U);
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(inbox.push(Credit{1}, 2));
  EXPECT_FALSE(inbox.push(Credit{1}, 2));
}

}  // namespace
}  // namespace mailboat::producer
