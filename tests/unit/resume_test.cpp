#include <gmock/gmock.h>

#include "producer/resume_point.hpp"

namespace mailboat::producer {
namespace {

using ::testing::HasSubstr;
using Start = Subscription::Start;

constexpr SourceIdentity identity{1, 2, 3};
const SourceState here{identity, Snapshot::parse("100:100:"), 900};
constexpr SourceIdentity other_cluster{9, 2, 3};
constexpr SourceIdentity other_database{1, 9, 3};
constexpr SourceIdentity before_promotion{1, 2, 2};

Subscription subscription(Start start, bool acknowledged = true) {
  return {1, "s", start, std::nullopt, Snapshot::parse("50:50:"), acknowledged, 700};
}

Subscription needing_load(Start start = Start::Load, bool reset_cursor = false) {
  auto needing = subscription(start);
  needing.load_request = "the first";
  needing.load_reason = "too far behind";
  needing.reset_cursor = reset_cursor;
  return needing;
}

Cursor cursor_at(const char* snapshot, const SourceIdentity& source = identity) {
  return {source, Snapshot::parse(snapshot)};
}

ResumePoint resume(const Subscription& one, const std::optional<Cursor>& cursor, bool trust = false) {
  return resume_point(one, cursor, here, trust);
}

SessionRefused refusal(const Subscription& one, const std::optional<Cursor>& cursor, bool trust = false) {
  try {
    static_cast<void>(resume_point(one, cursor, here, trust));
  } catch (const SessionRefused& refused) {
    return refused;
  }
  return {RefusalCode{}, "it was not refused"};
}

TEST(ResumePoint, AReplicaWithACursorGoesOnFromItWhateverTheSubscriptionsStart) {
  const auto cursor = cursor_at("60:60:");
  for (const auto start : {Start::Load, Start::Now, Start::Earliest}) {
    const auto point = resume(subscription(start), cursor);
    EXPECT_EQ(point.cursor, cursor.snapshot);
    EXPECT_EQ(point.read_from, cursor.snapshot);
    EXPECT_FALSE(point.loads_tables);
    EXPECT_FALSE(point.new_history);
  }
}

TEST(ResumePoint, ANewReplicaIsLoadedAndReadsWhatHasBeenPublishedSinceItsSubscriptionsSnapshot) {
  for (const bool acknowledged : {false, true}) {
    const auto point = resume(subscription(Start::Load, acknowledged), std::nullopt);
    EXPECT_FALSE(point.cursor.has_value());
    EXPECT_EQ(point.read_from, Snapshot::parse("50:50:"));
    EXPECT_TRUE(point.loads_tables);
    EXPECT_FALSE(point.new_history);
  }
}

TEST(ResumePoint, StartNowBeginsAtTheMomentOfSubscribing) {
  const auto point = resume(subscription(Start::Now, false), std::nullopt);
  EXPECT_EQ(point.read_from, Snapshot::parse("50:50:"));
  EXPECT_FALSE(point.loads_tables);
}

TEST(ResumePoint, StartNowCannotBeginTwiceBecauseWhatLiesBetweenWouldBeMissing) {
  const auto refused = refusal(subscription(Start::Now), std::nullopt);
  EXPECT_EQ(refused.code(), RefusalCode::CursorMissing);
  EXPECT_THAT(refused.what(), HasSubstr("mailboat load s --reset-cursor"));
}

TEST(ResumePoint, StartEarliestReadsWhateverIsStillThere) {
  const auto point = resume(subscription(Start::Earliest, false), std::nullopt);
  EXPECT_EQ(point.read_from, Snapshot());
}

TEST(ResumePoint, ASubscriptionThatNeedsALoadIsReloadedFromTheCursor) {
  for (const auto start : {Start::Load, Start::Now, Start::Earliest}) {
    const auto point = resume(needing_load(start), cursor_at("60:60:"));
    EXPECT_EQ(point.cursor, Snapshot::parse("60:60:"));
    EXPECT_EQ(point.read_from, Snapshot::parse("60:60:"));
    EXPECT_TRUE(point.loads_tables);
    EXPECT_FALSE(point.new_history);
    EXPECT_EQ(point.why_reloaded, "too far behind");
  }
}

TEST(ResumePoint, ANewReplicaOfASubscriptionThatNeedsALoadIsLoadedHoweverItBegan) {
  for (const auto start : {Start::Load, Start::Now, Start::Earliest}) {
    const auto point = resume(needing_load(start), std::nullopt);
    EXPECT_TRUE(point.loads_tables);
    EXPECT_FALSE(point.new_history) << "there is nothing to forget";
  }
  EXPECT_EQ(resume(needing_load(Start::Earliest), std::nullopt).read_from, Snapshot());
}

TEST(Lineage, AnotherClusterOrDatabaseIsRefusedUntilTheCursorIsReset) {
  for (const auto& source : {other_cluster, other_database}) {
    const auto refused = refusal(subscription(Start::Load), cursor_at("9:9:", source));
    EXPECT_EQ(refused.code(), RefusalCode::OtherSource);
    EXPECT_THAT(refused.what(), HasSubstr("mailboat load s --reset-cursor"));
    EXPECT_EQ(refusal(needing_load(), cursor_at("9:9:", source)).code(), RefusalCode::OtherSource);

    const auto point = resume(needing_load(Start::Now, true), cursor_at("9:9:", source));
    EXPECT_TRUE(point.new_history && point.loads_tables);
    EXPECT_EQ(point.read_from, Snapshot::parse("50:50:")) << "its transaction ids mean nothing here";
    EXPECT_EQ(point.shared_events, 0U);
  }
}

TEST(Lineage, ACursorAheadOfTheSourceIsRefusedUntilItIsReset) {
  const auto refused = refusal(subscription(Start::Load), cursor_at("101:101:"));
  EXPECT_EQ(refused.code(), RefusalCode::SourceWentBack);
  EXPECT_THAT(refused.what(), HasSubstr("mailboat load s --reset-cursor"));
  EXPECT_EQ(refusal(needing_load(), cursor_at("101:101:")).code(), RefusalCode::SourceWentBack);

  const auto point = resume(needing_load(Start::Load, true), cursor_at("101:101:"));
  EXPECT_TRUE(point.new_history && point.loads_tables);
  EXPECT_EQ(point.cursor, Snapshot::parse("101:101:")) << "by which the consumer knows its first window";
  EXPECT_EQ(point.shared_events, 700U);
}

TEST(Lineage, APromotedSourceIsAnsweredWithANewHistoryByItself) {
  for (const auto* cursor : {"99:99:", "101:101:"}) {
    const auto point = resume(subscription(Start::Load), cursor_at(cursor, before_promotion));
    EXPECT_TRUE(point.new_history && point.loads_tables);
    EXPECT_EQ(point.shared_events, 700U);
    EXPECT_THAT(point.why_reloaded, HasSubstr("the source has been promoted since"));
  }
}

TEST(Lineage, APromotedSourceThatIsTrustedGoesOnUnlessItMissesCommits) {
  const auto point = resume(subscription(Start::Load), cursor_at("99:99:", before_promotion), true);
  EXPECT_FALSE(point.new_history || point.loads_tables);
  EXPECT_EQ(refusal(subscription(Start::Load), cursor_at("101:101:", before_promotion), true).code(),
            RefusalCode::SourceWentBack);
}

TEST(Lineage, InANewHistoryReadsOnFromWhatBothTheSourceAndTheFileKnow) {
  const auto read_from = [](const char* cursor) {
    return resume(subscription(Start::Load), cursor_at(cursor, before_promotion)).read_from.to_string();
  };
  EXPECT_EQ(read_from("80:80:"), "50:50:") << "what the subscription had written down last";
  EXPECT_EQ(read_from("30:40:35"), "30:40:35") << "of an older copy of the file";
}

TEST(Lineage, ResettingACursorThatSeemsToFitTrustsNoIdAtAll) {
  const auto point = resume(needing_load(Start::Load, true), cursor_at("60:60:"));
  EXPECT_TRUE(point.new_history);
  EXPECT_EQ(point.shared_events, 0U);
}

TEST(Lineage, AnEventIdThatTheSourceHasNotReachedIsNotShared) {
  auto ahead = subscription(Start::Load);
  ahead.acknowledged_event = 901;
  EXPECT_EQ(resume(ahead, cursor_at("60:60:", before_promotion)).shared_events, 900U);
}

}  // namespace
}  // namespace mailboat::producer
