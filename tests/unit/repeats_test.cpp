#include "common/repeats.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace mailboat {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Repeats::Clock::time_point begin{};

/// When it is said, in seconds since the first time, if it comes every `interval` for `length`.
std::vector<std::int64_t> said_at(Repeats& repeats, seconds interval, seconds length) {
  std::vector<std::int64_t> times;
  for (seconds at{}; at <= length; at += interval) {
    if (repeats.came("no disk", begin + at)) times.push_back(at.count());
  }
  return times;
}

TEST(Repeats, AreSaidAtOnceAndThenAtGrowingIntervals) {
  Repeats repeats;
  EXPECT_EQ(said_at(repeats, seconds(3), minutes(16)), (std::vector<std::int64_t>{0, 60, 180, 420, 900}));
}

TEST(Repeats, AreSaidEveryHourInTheEnd) {
  Repeats repeats;
  const auto times = said_at(repeats, seconds(30), hours(12));
  ASSERT_GT(times.size(), 10U);
  EXPECT_EQ(times.at(times.size() - 1) - times.at(times.size() - 2), 3600);
}

TEST(Repeats, TellHowManyWereLeftOut) {
  Repeats repeats;
  EXPECT_EQ(repeats.came("no disk", begin), 0U);
  for (int i = 1; i <= 19; ++i) EXPECT_EQ(repeats.came("no disk", begin + i * seconds(3)), std::nullopt);
  EXPECT_EQ(repeats.came("no disk", begin + seconds(60)), 19U);
  EXPECT_EQ(repeats.came("no disk", begin + seconds(61)), std::nullopt);
}

TEST(Repeats, OfDifferentThingsDoNotSilenceEachOther) {
  Repeats repeats;
  EXPECT_EQ(repeats.came("no disk", begin), 0U);
  EXPECT_EQ(repeats.came("no connection", begin), 0U);
  EXPECT_EQ(repeats.came("no disk", begin), std::nullopt);
}

TEST(Repeats, BeginAnewWhenTheyHaveNotComeForAMinute) {
  Repeats repeats;
  EXPECT_EQ(repeats.came("no disk", begin), 0U);
  EXPECT_EQ(repeats.came("no disk", begin + seconds(1)), std::nullopt);
  EXPECT_EQ(repeats.came("no disk", begin + seconds(62)), 1U);
  EXPECT_EQ(repeats.came("no disk", begin + seconds(121)), std::nullopt) << "the pauses begin anew, too";
  EXPECT_EQ(repeats.came("no disk", begin + seconds(122)), 1U);
}

TEST(Repeats, MaySayTheFirstFewWithoutAPause) {
  Repeats repeats(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(repeats.came("begins", begin), 0U);
  EXPECT_EQ(repeats.came("begins", begin), std::nullopt);
  EXPECT_EQ(repeats.came("begins", begin + minutes(1)), 1U);
}

TEST(Repeats, HandOutWhatWasLeftOutWhenItIsOver) {
  Repeats repeats;
  for (int i = 0; i < 5; ++i) repeats.came("no disk", begin);
  repeats.came("said already", begin);
  EXPECT_FALSE(repeats.next_over(begin + seconds(60)));
  const auto over = repeats.next_over(begin + seconds(61));
  ASSERT_TRUE(over);
  EXPECT_EQ(over->what, "no disk");
  EXPECT_EQ(over->count, 4U);
  EXPECT_FALSE(repeats.next_over(begin + seconds(61)));
  EXPECT_TRUE(repeats.empty()) << "what is over takes no memory";
}

TEST(Repeats, AreTheSameWithOtherNumbers) {
  EXPECT_EQ(without_digits("it has been silent for 5012 ms"), "it has been silent for # ms");
  EXPECT_EQ(without_digits("no disk"), "no disk");
}

}  // namespace
}  // namespace mailboat
