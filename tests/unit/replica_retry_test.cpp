// When an event that comes again is applied, and when it has been overtaken.
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using Result = RetryOutcome::Result;

class ReplicaRetry : public ReplicaFixture {
 protected:
  [[nodiscard]] std::string version(int key) const {
    return test::SqliteReader(file).text("SELECT _version FROM t WHERE id = " + std::to_string(key));
  }
  std::string cursor() { return replica->cursor()->snapshot.to_string(); }
};

TEST_F(ReplicaRetry, AppliesWhatIsMissingAndLeavesTheCursorAlone) {
  const auto before = cursor();
  EXPECT_EQ(retry_upsert(2, 1, "a"), Result::Applied);
  EXPECT_EQ(rows(), "1=a");
  EXPECT_EQ(version(1), "2");
  EXPECT_EQ(cursor(), before);
}

TEST_F(ReplicaRetry, AppliedTwiceChangesNothing) {
  EXPECT_EQ(retry_upsert(2, 1, "a"), Result::Applied);
  EXPECT_EQ(retry_upsert(2, 1, "a"), Result::Applied);
  EXPECT_EQ(rows(), "1=a");
}

TEST_F(ReplicaRetry, OlderThanItsRowIsSuperseded) {
  window(5, [this] { upsert(5, 1, "new"); });
  EXPECT_EQ(retry_upsert(4, 1, "old"), Result::Superseded);
  EXPECT_EQ(retry(4, Op::Delete, R"({"id":1})").result, Result::Superseded);
  EXPECT_EQ(rows(), "1=new");
}

TEST_F(ReplicaRetry, NewerThanItsRowIsApplied) {
  window(5, [this] { upsert(5, 1, "old"); });
  EXPECT_EQ(retry_upsert(6, 1, "new"), Result::Applied);
  EXPECT_EQ(rows(), "1=new");
  EXPECT_EQ(retry(7, Op::Delete, R"({"id":1})").result, Result::Applied);
  EXPECT_EQ(rows(), "");
}

TEST_F(ReplicaRetry, CannotRaiseTheDead) {
  window(5, [this] { upsert(5, 1, "a"); });
  window(7, [this] { remove(7, 1); });
  EXPECT_EQ(retry_upsert(6, 1, "dead"), Result::Superseded);
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(retry_upsert(8, 1, "born again"), Result::Applied);
  EXPECT_EQ(rows(), "1=born again");
}

TEST_F(ReplicaRetry, OfADeleteThatIsDoneIsSuperseded) {
  window(5, [this] { upsert(5, 1, "a"); });
  window(6, [this] { remove(6, 1); });
  EXPECT_EQ(retry(6, Op::Delete, R"({"id":1})").result, Result::Superseded);
  by_hand("INSERT INTO t VALUES (1, 'back by mistake', 5)");
  EXPECT_EQ(retry(6, Op::Delete, R"({"id":1})").result, Result::Applied);
  EXPECT_EQ(rows(), "");
}

TEST_F(ReplicaRetry, OfTheEventThatWroteTheRowMendsIt) {
  window(5, [this] { upsert(5, 1, "right"); });
  by_hand("UPDATE t SET v = 'wrong'");
  EXPECT_EQ(retry_upsert(5, 1, "right"), Result::Applied);
  EXPECT_EQ(rows(), "1=right");
}

TEST_F(ReplicaRetry, FromBeforeATruncateIsSuperseded) {
  window(5, [this] { upsert(5, 1, "a"); });
  window(7, [this] { event(7, Op::Truncate, ""); });
  EXPECT_EQ(retry_upsert(6, 2, "gone"), Result::Superseded);
  EXPECT_EQ(retry_upsert(8, 2, "b"), Result::Applied);
  EXPECT_EQ(rows(), "2=b");
}

TEST_F(ReplicaRetry, OfATruncateTakesAwayOnlyWhatWasThereThen) {
  window(7, [this] {
    upsert(5, 1, "before");
    upsert(7, 2, "after");
  });
  EXPECT_EQ(retry(6, Op::Truncate, "").result, Result::Applied);
  EXPECT_EQ(rows(), "2=after");
  EXPECT_EQ(retry_upsert(4, 3, "before"), Result::Superseded);
}

TEST_F(ReplicaRetry, OfATruncateLeavesRowsThatWereLoadedLater) {
  window(3, [this] { replica->begin_load("public.t"); });
  window(5, [this] { chunk({row(1, "early")}, false); });
  window(9, [this] { chunk({row(2, "late")}, true); });
  EXPECT_EQ(retry(7, Op::Truncate, "").result, Result::Applied);
  EXPECT_EQ(rows(), "2=late");
}

TEST_F(ReplicaRetry, ThatALoadedRowKnowsIsSuperseded) {
  window(3, [this] { replica->begin_load("public.t"); });
  window(5, [this] { chunk({row(1, "first")}, false); });
  window(9, [this] { chunk({row(2, "loaded")}, true); });
  EXPECT_EQ(retry_upsert(8, 2, "older"), Result::Superseded);
  EXPECT_EQ(retry_upsert(8, 1, "newer than its chunk"), Result::Applied);
  EXPECT_EQ(retry_upsert(10, 2, "newer"), Result::Applied);
  EXPECT_EQ(rows(), "1=newer than its chunk 2=newer");
}

TEST_F(ReplicaRetry, OfARowThatALoadDidNotFindIsSuperseded) {
  window(5, [this] {
    replica->begin_load("public.t");
    chunk({row(1, "a")}, true);
  });
  EXPECT_EQ(retry_upsert(4, 7, "gone before the load"), Result::Superseded);
  EXPECT_EQ(rows(), "1=a");
}

TEST_F(ReplicaRetry, ThatALoadWillBringIsSuperseded) {
  const std::string other =
      R"({"schema":"public","table":"u","key":["id"],"columns":[{"name":"id","type":"integer","number":1}]})";
  window(5, [&] {
    EventBatch events;
    events.add({2, 2, "public.u", Op::Relation, other});
    apply(events);
    replica->begin_load("public.u");
    replica->begin_load("public.t");
    replica->apply(LoadChunk{"public.u", {}, {"1"}, true, true, 0, false});
  });
  EXPECT_EQ(retry_upsert(4, 7, "its first chunk comes later"), Result::Superseded);
  window(6, [this] { chunk({}, false); });
  EXPECT_EQ(retry_upsert(4, 7, "covered by the first chunk"), Result::Superseded);
  window(7, [this] { chunk({}, true); });
  EXPECT_EQ(retry_upsert(4, 7, "the load did not find it"), Result::Superseded);
  EXPECT_EQ(rows(), "");
}

TEST_F(ReplicaRetry, WithoutItsContentEndsOnceTheTableHasBeenLoaded) {
  EXPECT_EQ(retry(4, Op::Update, "").result, Result::Rejected);
  window(5, [this] {
    replica->begin_load("public.t");
    chunk({row(1, "a")}, true);
  });
  EXPECT_EQ(retry(4, Op::Update, "").result, Result::Superseded);
}

TEST_F(ReplicaRetry, IsNotSupersededByALoadThatWasGivenUp) {
  window(5, [this] { replica->begin_load("public.t"); });
  window(6, [this] { chunk({}, true, true); });
  EXPECT_EQ(retry_upsert(4, 7, "a"), Result::Applied);
}

TEST_F(ReplicaRetry, WrittenUnderAnOlderDescriptionIsReadByIt) {
  const std::string renamed =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"w","type":"text","number":2},{"name":"v","type":"text","number":3}]})";
  window(5, [&] {
    event(4, Op::Relation, renamed);
    event(5, Op::Update, R"({"id":1,"w":"present","v":"present"})");
  });
  auto events = batch(1, Op::Relation, relation);
  events.add({3, 3, "public.t", Op::Update, row(2, "then")});
  EXPECT_EQ(replica->retry(events).outcomes.at(1).result, Result::Applied);
  EXPECT_EQ(test::SqliteReader(file).text("SELECT w || coalesce(v, '-') FROM t WHERE id = 2"), "then-");
}

TEST_F(ReplicaRetry, ThatIsRefusedAgainSaysWhyAndKeepsTheOthers) {
  by_hand("CREATE UNIQUE INDEX by_hand ON t (v)");
  window(2, [this] { upsert(2, 1, "a"); });
  auto events = batch(3, Op::Update, row(2, "a"));
  events.add({4, 4, "public.t", Op::Update, row(3, "b")});
  const auto outcomes = replica->retry(events).outcomes;
  EXPECT_EQ(outcomes.at(0).result, Result::Rejected);
  EXPECT_NE(outcomes.at(0).error.find("UNIQUE constraint failed"), std::string::npos);
  EXPECT_EQ(outcomes.at(1).result, Result::Applied);
  EXPECT_EQ(rows(), "1=a 3=b");
}

TEST_F(ReplicaRetry, DuringALoadSurvivesItsEnd) {
  window(9, [this] { upsert(9, 9, "i"); });
  window(10, [this] {
    replica->begin_load("public.t");
    chunk({row(9, "i")}, false);
  });
  EventBatch events;
  events.add({5, 11, "public.t", Op::Update, row(5, "late")});
  EXPECT_EQ(replica->retry(events).outcomes.front().result, Result::Applied);
  window(12, [this] { chunk({}, true); });
  EXPECT_EQ(rows(), "5=late 9=i");
}

}  // namespace
}  // namespace mailboat::consumer
