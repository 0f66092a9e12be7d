#include "producer/backlog.hpp"

#include <gtest/gtest.h>

#include "producer/transaction_age.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::seconds;

constexpr EventId tail_end = 1'000'000'000'000;

LogLayout layout(std::vector<LogPartition> partitions, EventId next_id) {
  return {std::move(partitions), next_id};
}

TEST(Backlog, IsTheShareOfThePartitionsThatLieBehind) {
  const auto log =
      layout({{"a", 0, 101, 1000, false}, {"b", 101, 201, 3000, false}, {"c", 201, 301, 0, true}}, 151);
  EXPECT_EQ(estimate_backlog(log, 1).events, 150U);
  EXPECT_EQ(estimate_backlog(log, 1).bytes, 4000U);
  EXPECT_EQ(estimate_backlog(log, 51).events, 100U);
  EXPECT_EQ(estimate_backlog(log, 51).bytes, 3500U);
  EXPECT_EQ(estimate_backlog(log, 126).events, 25U);
  EXPECT_EQ(estimate_backlog(log, 126).bytes, 1500U);
  EXPECT_EQ(estimate_backlog(log, 151).events, 0U);
  EXPECT_EQ(estimate_backlog(log, 151).bytes, 0U);
}

// A trillion ids that nobody has had are no events.
TEST(Backlog, ReckonsATailThatIdsHaveLeftFromItsSize) {
  const auto log = layout({{"a", 0, 101, 1000, false},
                           {"tail", 101, tail_end, 5000, false},
                           {"b", tail_end, tail_end + 100, 1000, false}},
                          tail_end + 100);
  EXPECT_EQ(estimate_backlog(log, 1).bytes, 7000U);
  EXPECT_EQ(estimate_backlog(log, 1).events, 700U);
}

TEST(Backlog, CountsTheIdsOfATailThatIsWrittenTo) {
  const auto log = layout({{"tail", 0, tail_end, 5000, false}}, 501);
  EXPECT_EQ(estimate_backlog(log, 1).events, 500U);
  EXPECT_EQ(estimate_backlog(log, 251).bytes, 2500U);
}

TEST(TransactionAge, CountsFromWhenTheOldestWasFirstSeen) {
  const TransactionAge::Clock::time_point begin{};
  TransactionAge age;
  EXPECT_EQ(age.seen(Snapshot::parse("100:100:"), begin), seconds(0));
  EXPECT_EQ(age.seen(Snapshot::parse("102:105:102"), begin + seconds(10)), seconds(0));
  EXPECT_EQ(age.seen(Snapshot::parse("102:110:102,107"), begin + seconds(20)), seconds(10));
  EXPECT_EQ(age.seen(Snapshot::parse("102:120:102,107"), begin + seconds(30)), seconds(20));
  EXPECT_EQ(age.seen(Snapshot::parse("107:130:107"), begin + seconds(40)), seconds(20)) << "the next oldest";
  EXPECT_EQ(age.seen(Snapshot::parse("130:130:"), begin + seconds(50)), seconds(0));
}

TEST(TransactionAge, RemembersOnlySoMuchOfATransactionThatNeverEnds) {
  const TransactionAge::Clock::time_point begin{};
  TransactionAge age;
  for (int i = 0; i < 10'000; ++i) {
    const auto snapshot = Snapshot::parse("5:" + std::to_string(10 + i) + ":5");
    EXPECT_EQ(age.seen(snapshot, begin + seconds(i)), seconds(i));
  }
}

}  // namespace
}  // namespace mailboat::producer
