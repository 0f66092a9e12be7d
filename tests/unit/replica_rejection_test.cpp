// What becomes of events that a replica cannot apply.
#include <filesystem>
#include <numeric>

#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using Ids = std::vector<EventId>;

class ReplicaRejection : public ReplicaFixture {
 protected:
  void make_unique_by_hand() { by_hand("CREATE UNIQUE INDEX by_hand ON t (v)"); }
};

TEST_F(ReplicaRejection, DoesNotKeepTheRestOfItsWindowBack) {
  make_unique_by_hand();
  window(4, [this] {
    upsert(2, 1, "same");
    upsert(3, 2, "same");
    upsert(4, 3, "other");
  });
  EXPECT_EQ(rows(), "1=same 3=other");
  EXPECT_EQ(rejected(), Ids{3});
  EXPECT_NE(replica->unconfirmed(0).rejections.front().error.find("UNIQUE constraint failed: t.v"),
            std::string::npos);
  EXPECT_NE(replica->summary().first_rejection.find("event 3"), std::string::npos);
}

TEST_F(ReplicaRejection, IsKeptUntilItIsConfirmed) {
  make_unique_by_hand();
  window(3, [this] {
    upsert(2, 1, "same");
    upsert(3, 2, "same");
  });
  reopen();
  EXPECT_EQ(rejected(), Ids{3});
  replica->confirm(std::vector<EventId>{3});
  EXPECT_EQ(rejected(), Ids{});
}

TEST_F(ReplicaRejection, OfAWindowThatIsRolledBackIsForgottenWithIt) {
  make_unique_by_hand();
  replica->begin();
  upsert(2, 1, "same");
  upsert(3, 2, "same");
  event(4, Op::Update, "no JSON");
  replica->rollback();
  EXPECT_EQ(rejected(), Ids{});
  window(4, [this] { upsert(4, 3, "other"); });
  EXPECT_EQ(rows(), "3=other");
  EXPECT_EQ(rejected(), Ids{}) << "an event of the window that was rolled back was still waiting";
}

TEST_F(ReplicaRejection, DoesNotHappenWhereALaterEventOfTheWindowFreesTheValue) {
  make_unique_by_hand();
  window(3, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  window(5, [this] {
    upsert(4, 1, "b");
    upsert(5, 2, "c");
  });
  EXPECT_EQ(rows(), "1=b 2=c");
  EXPECT_EQ(rejected(), Ids{});
}

TEST_F(ReplicaRejection, DoesNotHappenWhereATransactionSwapsUniqueValues) {
  make_unique_by_hand();
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
    upsert(4, 3, "c");
  });
  window(7, [this] {
    upsert(5, 1, "b");
    upsert(6, 2, "c");
    upsert(7, 3, "a");
  });
  EXPECT_EQ(rows(), "1=b 2=c 3=a");
  EXPECT_EQ(rejected(), Ids{});
}

TEST_F(ReplicaRejection, LeavesTheOthersOfASwapAsTheyWereWhenOneOfThemNeverFits) {
  by_hand(
      "DROP TABLE t; CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT UNIQUE CHECK (v <> 'bad'),"
      " _version INTEGER NOT NULL)");
  window(5, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
    upsert(4, 3, "c");
    upsert(5, 4, "d");
  });
  window(9, [this] {
    upsert(6, 1, "b");
    upsert(7, 2, "a");
    upsert(8, 3, "d");
    upsert(9, 4, "bad");
  });
  EXPECT_EQ(rows(), "1=b 2=a 3=c 4=d");
  EXPECT_EQ(rejected(), (Ids{8, 9}));
}

TEST_F(ReplicaRejection, DoesNotTakeARowApartThatHasMoreThanTheEventTells) {
  make_unique_by_hand();
  window(3, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  by_hand("ALTER TABLE t ADD COLUMN mine TEXT; UPDATE t SET mine = 'precious'");
  window(5, [this] {
    upsert(4, 1, "b");
    upsert(5, 2, "a");
  });
  EXPECT_EQ(rows(), "1=a 2=b");
  EXPECT_EQ(rejected(), (Ids{4, 5}));
  EXPECT_EQ(test::SqliteReader(file).text("SELECT count(*) FROM t WHERE mine = 'precious'"), "2");
}

TEST_F(ReplicaRejection, OfAnEventThatALaterOneOfItsWindowOvertakesIsNone) {
  by_hand(
      "DROP TABLE t; CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT CHECK (v <> 'bad'), _version "
      "INTEGER NOT NULL)");
  window(5, [this] {
    upsert(2, 1, "bad");
    upsert(3, 1, "good");
    upsert(4, 2, "bad");
    remove(5, 2);
  });
  EXPECT_EQ(rows(), "1=good");
  EXPECT_EQ(rejected(), Ids{});
}

TEST_F(ReplicaRejection, HappensForWhateverIsAboutTheOneEvent) {
  window(6, [this] {
    upsert(2, 1, "fine");
    event(3, Op::Update, "no JSON");
    event(4, Op::Update, R"({"v":"no key"})");
    event(5, Op::Update, "");
    event(6, Op::Update, R"({"id":"not a number, which an integer key must be","v":""})");
  });
  EXPECT_EQ(rows(), "1=fine");
  EXPECT_EQ(rejected(), (Ids{3, 4, 5, 6}));
}

TEST_F(ReplicaRejection, HappensForEveryEventOfATableThatIsGone) {
  by_hand("DROP TABLE t");
  window(3, [this] {
    upsert(2, 1, "a");
    remove(3, 1);
  });
  EXPECT_EQ(rejected(), (Ids{2, 3}));
  by_hand("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT, _version INTEGER NOT NULL)");
  window(4, [this] { upsert(4, 2, "b"); });
  EXPECT_EQ(rows(), "2=b");
}

TEST_F(ReplicaRejection, IsNotWaitedForWhereARouteWouldWriteIntoATrackedTable) {
  replica.reset();
  Route route;
  route.topic = route.name = "sign_up";
  route.table = "T";
  route.key = {"id"};
  EXPECT_THROW(Replica(Replica::Options{file, "test", {route}, 0}), ConfigurationError);
}

TEST_F(ReplicaRejection, StormRollsTheWindowBackAndSaysWhatToDo) {
  reopen(2);
  by_hand("DROP TABLE t");
  replica->begin();
  upsert(2, 1, "a");
  upsert(3, 2, "a");
  try {
    upsert(4, 3, "a");
    FAIL() << "no storm";
  } catch (const RejectionStorm& storm) {
    const std::string said = storm.what();
    EXPECT_NE(said.find("more than 2 events"), std::string::npos) << said;
    EXPECT_NE(said.find("no such table: t"), std::string::npos) << said;
    EXPECT_NE(said.find("--reject-limit"), std::string::npos) << said;
  }
  replica->rollback();
  EXPECT_EQ(rejected(), Ids{});
}

TEST_F(ReplicaRejection, HasNoLimitOfZero) {
  reopen(0);
  by_hand("DROP TABLE t");
  window(2001, [this] {
    for (EventId id = 2; id <= 2001; ++id) upsert(id, 1, "a");
  });
  EXPECT_EQ(replica->summary().rejections, 2000U);
}

TEST_F(ReplicaRejection, HappensToNothingWhenTheDatabaseIsLocked) {
  SQLite::Database other(file, SQLite::OPEN_READWRITE);
  SQLite::Transaction holding(other, SQLite::TransactionBehavior::IMMEDIATE);
  EXPECT_THROW(replica->begin(), ReplicaUnavailable);
}

TEST_F(ReplicaRejection, IsNotWhatATriggerThatRollsBackTheWindowIsTakenFor) {
  by_hand(
      "CREATE TRIGGER by_hand BEFORE INSERT ON t WHEN NEW.v = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no'); END");
  replica->begin();
  upsert(2, 1, "a");
  EXPECT_THROW(upsert(3, 2, "bad"), Fatal);
  replica->rollback();
  EXPECT_EQ(rows(), "");
}

TEST_F(ReplicaRejection, IsLookedForInTheFileThatStandsThereNow) {
  std::filesystem::rename(file, file + ".away");
  EXPECT_THROW(replica->begin(), ReplicaUnavailable);
  std::filesystem::copy_file(file + ".away", file);
  EXPECT_THROW(replica->begin(), ReplicaUnavailable) << "a copy is another file";
}

TEST_F(ReplicaRejection, OfADescriptionRefusesWhatFollowsUntilItIsApplied) {
  const std::string wider =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"v","type":"text","number":2},{"name":"w","type":"text","number":3}]})";
  by_hand("CREATE TRIGGER by_hand BEFORE INSERT ON _mailboat_relation BEGIN SELECT RAISE(ABORT, 'no'); END");
  window(4, [&] {
    upsert(2, 1, "a");
    event(3, Op::Relation, wider);
    event(4, Op::Update, R"({"id":1,"v":"b","w":"new"})");
  });
  EXPECT_EQ(rows(), "1=a") << "a change that needs a column which is not there was applied without it";
  EXPECT_EQ(rejected(), (Ids{3, 4}));

  by_hand("DROP TRIGGER by_hand");
  auto events = batch(3, Op::Relation, wider);
  events.add({4, 4, "public.t", Op::Update, R"({"id":1,"v":"b","w":"new"})"});
  const auto outcomes = replica->retry(events).outcomes;
  EXPECT_EQ(outcomes.at(0).result, RetryOutcome::Result::Applied);
  EXPECT_EQ(outcomes.at(1).result, RetryOutcome::Result::Applied) << outcomes.at(1).error;
  EXPECT_EQ(test::SqliteReader(file).text("SELECT w FROM t"), "new");
  EXPECT_EQ(rejected(), Ids{}) << "what is applied need not be reported any more";
}

}  // namespace
}  // namespace mailboat::consumer
