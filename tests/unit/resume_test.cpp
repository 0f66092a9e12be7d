#include <gtest/gtest.h>

#include "producer/source.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {
namespace {

Subscription subscription(Subscription::Start start, bool acknowledged) {
  return {1, "s", start, std::nullopt, Snapshot::parse("50:50:"), acknowledged};
}

const SourceIdentity here{1, 2, 3};

RefusalCode refusal_of(const Cursor& cursor, bool trust_failover = false) {
  try {
    require_continuable(cursor, here, Snapshot::parse("100:100:"), trust_failover);
  } catch (const SessionRefused& refusal) {
    return refusal.code();
  }
  return RefusalCode{};
}

TEST(ResumePoint, AReplicaWithACursorGoesOnFromItWhateverTheSubscriptionsStart) {
  const Cursor cursor{here, Snapshot::parse("60:60:")};
  for (const auto start :
       {Subscription::Start::Load, Subscription::Start::Now, Subscription::Start::Earliest}) {
    const auto point = resume_point(subscription(start, true), cursor);
    EXPECT_EQ(point.cursor, cursor.snapshot);
    EXPECT_EQ(point.read_from, cursor.snapshot);
    EXPECT_FALSE(point.loads_tables);
  }
}

TEST(ResumePoint, ANewReplicaIsLoadedAndReadsWhatHasBeenPublishedSinceItsSubscriptionsSnapshot) {
  for (const bool acknowledged : {false, true}) {
    const auto point = resume_point(subscription(Subscription::Start::Load, acknowledged), std::nullopt);
    EXPECT_FALSE(point.cursor.has_value());
    EXPECT_EQ(point.read_from, Snapshot::parse("50:50:"));
    EXPECT_TRUE(point.loads_tables);
  }
}

TEST(ResumePoint, StartNowBeginsAtTheMomentOfSubscribing) {
  const auto point = resume_point(subscription(Subscription::Start::Now, false), std::nullopt);
  EXPECT_EQ(point.read_from, Snapshot::parse("50:50:"));
  EXPECT_FALSE(point.loads_tables);
}

TEST(ResumePoint, StartNowCannotBeginTwiceBecauseWhatLiesBetweenWouldBeMissing) {
  EXPECT_THROW(static_cast<void>(resume_point(subscription(Subscription::Start::Now, true), std::nullopt)),
               SessionRefused);
}

TEST(ResumePoint, StartEarliestReadsWhateverIsStillThere) {
  const auto point = resume_point(subscription(Subscription::Start::Earliest, false), std::nullopt);
  EXPECT_EQ(point.read_from, Snapshot());
}

TEST(Lineage, ACursorOfThisSourceMayContinue) {
  EXPECT_EQ(refusal_of({here, Snapshot::parse("99:100:")}), RefusalCode{});
}

TEST(Lineage, AnotherClusterOrDatabaseIsRefused) {
  EXPECT_EQ(refusal_of({{9, 2, 3}, Snapshot::parse("9:9:")}), RefusalCode::OtherSource);
  EXPECT_EQ(refusal_of({{1, 9, 3}, Snapshot::parse("9:9:")}), RefusalCode::OtherSource);
}

TEST(Lineage, APromotedSourceIsRefusedUnlessFailoverIsTrusted) {
  EXPECT_EQ(refusal_of({{1, 2, 2}, Snapshot::parse("9:9:")}), RefusalCode::TimelineChanged);
  EXPECT_EQ(refusal_of({{1, 2, 2}, Snapshot::parse("9:9:")}, true), RefusalCode{});
}

TEST(Lineage, ACursorAheadOfTheSourceIsRefused) {
  EXPECT_EQ(refusal_of({here, Snapshot::parse("101:101:")}), RefusalCode::SourceWentBack);
}

}  // namespace
}  // namespace mailboat::producer
