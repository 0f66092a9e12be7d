#include "producer/log_layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t mib = 1 << 20;
constexpr EventId era = 1'000'000'000'000;

// Full up to 3000, written at 3500, one ahead, and the tail.
LogLayout usual() {
  return {{{"a", 0, 1000, mib, false},
           {"b", 1000, 3000, mib, false},
           {"c", 3000, 4000, mib, false},
           {"d", 4000, 5000, 0, true},
           {"tail", 5000, era, 0, true}},
          3500};
}

std::vector<EventId> begins(const std::vector<TruncationCandidate>& candidates, bool excess) {
  std::vector<EventId> ids;
  for (const auto& candidate : candidates) {
    if (candidate.is_excess == excess) ids.push_back(candidate.partition->from);
  }
  return ids;
}

TEST(LogLayout, StaysAsItIsWhileThereIsOneAhead) {
  EXPECT_TRUE(plan_arrangement(usual(), {}).changes_nothing());
}

TEST(LogLayout, GrowsWhenOnlyTheTailIsLeftAheadWhichMovesBehindTheNewOnes) {
  auto layout = usual();
  layout.next_id = 4000;
  const auto plan = plan_arrangement(layout, {});
  EXPECT_THAT(plan.removed, ElementsAre(5000));
  ASSERT_EQ(plan.sizes.size(), 2U);
}

TEST(LogLayout, ATailThatIsWrittenToStaysAndIsLeft) {
  auto layout = usual();
  layout.next_id = 6000;
  layout.partitions.back().empty = false;
  const auto plan = plan_arrangement(layout, {});
  EXPECT_THAT(plan.removed, ElementsAre(4000)) << "the one that is passed and empty";
  EXPECT_EQ(plan.sizes.size(), 2U);
  EXPECT_FALSE(may_leave_tail(layout)) << "to nowhere";
  layout.partitions.push_back({"next", era, era + 1000, 0, true});
  EXPECT_TRUE(may_leave_tail(layout));
  EXPECT_TRUE(plan_arrangement(layout, {}).sizes.empty()) << "one is ahead";
}

TEST(LogLayout, AnOrdinaryPartitionIsNotLeft) { EXPECT_FALSE(may_leave_tail(usual())); }

TEST(LogLayout, EmptyOnesBehindGoWhenThereAreSeveralOrWithWhateverElseIsDone) {
  auto layout = usual();
  layout.partitions[0].empty = layout.partitions[1].empty = true;
  EXPECT_TRUE(plan_arrangement(layout, {}).changes_nothing());
  auto growing = layout;
  growing.next_id = 4000;
  EXPECT_THAT(plan_arrangement(growing, {}).removed, ElementsAre(0, 1000, 5000));
  layout.partitions.insert(layout.partitions.begin() + 2, {"x", 3000, 3001, 0, true});
  layout.partitions[3].from = 3001;
  EXPECT_THAT(plan_arrangement(layout, {}).removed, ElementsAre(0, 1000, 3000));
}

TEST(LogLayout, PartitionsAreAQuarterOfTheLogByWhatAnEventTakes) {
  LogLayout layout{{{"a", 0, 4000, 4000 * mib, false},
                    {"b", 4000, 7000, 2999 * 1024, false},  // 2,999 events of 1 KiB each
                    {"tail", 7000, era, 0, true}},
                   6999};
  const auto ids = plan_arrangement(layout, {}).sizes.at(0);
  EXPECT_GT(ids, 1'000'000U);
  EXPECT_LT(ids, 1'060'000U);
  EXPECT_EQ(ids % 1000, 0U);
}

TEST(LogLayout, ASmallLogHasPartitionsOfAUsefulSizeUnlessTheLimitIsSmaller) {
  auto layout = usual();
  layout.next_id = 4000;
  EXPECT_EQ(plan_arrangement(layout, {}).sizes.at(0), 524'000U);
  EXPECT_EQ(plan_arrangement(layout, {.max_retained = {8 * mib}}).sizes.at(0), 2'000U);
}

TEST(LogLayout, OverflowIsLeftAloneUntilItIsChecked) {
  LogLayout layout{{}, 5000};
  layout.default_in_use = true;
  EXPECT_TRUE(has_overflowed(layout));
  EXPECT_TRUE(plan_arrangement(layout, {}).changes_nothing());
  layout.overflow_checked = false;
  EXPECT_TRUE(plan_arrangement(layout, {}).changes_nothing());
  layout.overflow_checked = true;
  const auto plan = plan_arrangement(layout, {});
  EXPECT_TRUE(plan.adopts_overflow);
  EXPECT_EQ(plan.sizes.size(), 2U);
}

TEST(LogLayout, AnEmptyDefaultPartitionHasNotOverflowed) {
  EXPECT_FALSE(has_overflowed(usual()));
  EXPECT_FALSE(has_overflowed(LogLayout{{}, 5000}));
  EXPECT_EQ(plan_arrangement(LogLayout{{}, 5000}, {}).sizes.size(), 2U);
}

TEST(LogLayout, OnlyFullPartitionsAreTruncatedTheOldestFirst) {
  const auto layout = usual();
  EXPECT_THAT(begins(truncation_candidates(layout, {}), false), ElementsAre(0, 1000));
  EXPECT_THAT(begins(truncation_candidates(layout, {}), true), IsEmpty());
}

TEST(LogLayout, OnlyAsManyAreInExcessAsBringTheLogBelowItsLimit) {
  const auto layout = usual();
  EXPECT_THAT(begins(truncation_candidates(layout, {.max_retained = {2 * mib}}), true), ElementsAre(0));
  EXPECT_THAT(begins(truncation_candidates(layout, {.max_retained = {3 * mib}}), true), IsEmpty());
  EXPECT_THAT(begins(truncation_candidates(layout, {.max_retained = {0}}), true), ElementsAre(0, 1000));
}

}  // namespace
}  // namespace mailboat::producer
