#include "producer/sending_credit.hpp"

#include <gtest/gtest.h>
#include <list>

namespace mailboat::producer {
namespace {

TEST(SendingCredit, IsWhatTheConsumerGaveAndComesBackFromIt) {
  Senders senders;
  SendingCredit credit(3, senders);
  EXPECT_TRUE(credit.covers(3));
  credit.spend(2);
  EXPECT_TRUE(credit.covers(1));
  EXPECT_FALSE(credit.covers(2));
  credit.give_back(1);
  EXPECT_TRUE(credit.covers(2));
}

TEST(SendingCredit, LetsAlsoWhatIsLargerThanAllOfItGoAlone) {
  Senders senders;
  SendingCredit credit(1, senders);
  EXPECT_TRUE(credit.covers(9));
  credit.spend(9);
  EXPECT_FALSE(credit.covers(1));
  credit.give_back(9);
  EXPECT_TRUE(credit.covers(9));
}

TEST(SendingCredit, DoesNotGrowBeyondWhatWasGivenWhenMoreComesBack) {
  Senders senders;
  SendingCredit credit(2, senders);
  credit.spend(1);
  credit.give_back(7);
  credit.spend(1);
  EXPECT_TRUE(credit.covers(1));
  EXPECT_FALSE(credit.covers(2));
}

TEST(SendingCredit, OfOneAloneIsAllThatItsConsumerGaveUpToALimit) {
  Senders senders;
  SendingCredit modest(8, senders);
  SendingCredit greedy(5000, senders);
  EXPECT_EQ(modest.all(), 8U);
  EXPECT_EQ(greedy.all(), 64U);
}

TEST(SendingCredit, IsSharedByAllThatHaveSomethingUnderWayAndEachGetsOn) {
  Senders senders;
  std::list<SendingCredit> sixteen;
  for (int i = 0; i < 16; ++i) {
    auto& credit = sixteen.emplace_back(8, senders);
    EXPECT_TRUE(credit.covers(2)) << i;
    credit.spend(2);
  }
  for (const auto& credit : sixteen) EXPECT_FALSE(credit.covers(1));
  for (int i = 0; i < 12; ++i) sixteen.pop_back();
  EXPECT_TRUE(sixteen.front().covers(2));
  EXPECT_FALSE(sixteen.front().covers(3));
}

TEST(SendingCredit, OfASessionThatHasEndedIsForTheOthers) {
  Senders senders;
  { SendingCredit(8, senders).spend(5); }
  SendingCredit credit(64, senders);
  credit.spend(63);
  EXPECT_TRUE(credit.covers(1));
}

}  // namespace
}  // namespace mailboat::producer
