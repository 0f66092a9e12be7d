#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/faults/task_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// The way of a rejection from the commit in SQLite to the moment where the replica may forget it, and a
/// SIGKILL at each of its steps.
class AcknowledgePath : public TaskPipeline, public ::testing::WithParamInterface<Victim> {
 protected:
  /// Nothing that tells of a window reaches the producer.
  void hold_reports() {
    proxy_.treat([](const FromConsumer& message) {
      const bool report = std::holds_alternative<Rejected>(message) || std::holds_alternative<Ack>(message);
      return report ? Treatment::Hold : Treatment::Pass;
    });
  }
  /// As far as PostgreSQL has been told.
  [[nodiscard]] bool acknowledges_everything() const {
    return pipeline_.value(
               "SELECT pg_visible_in_snapshot((SELECT max(txid) FROM outbox.event), snapshot)"
               " FROM outbox.subscription") == "t";
  }
  void kill_here_and_go_on() {
    kill(GetParam());
    proxy_.pass_all();
    proxy_.forget();  // what was under way died with its connection
    restart();
  }
};

INSTANTIATE_TEST_SUITE_P(Killing, AcknowledgePath, ::testing::Values(Victim::Consumer, Victim::Producer),
                         ::testing::PrintToStringParamName());

TEST_P(AcknowledgePath, BetweenTheCommitInSqliteAndItsReport) {
  follow_with_poisoned_table();
  const auto before = pipeline_.cursor();
  hold_reports();
  insert_poison(3);
  ASSERT_TRUE(eventually([&] { return unconfirmed() == 3 && proxy_.treated() >= 1; })) << pipeline_.said();
  EXPECT_NE(pipeline_.cursor(), before) << "the window is not committed yet";
  EXPECT_EQ(recorded(), 0);
  kill_here_and_go_on();
  expect_accounted_once(3);
}

TEST_P(AcknowledgePath, WithTheRejectionLostWhileLaterWindowsAreApplied) {
  follow_with_poisoned_table();
  proxy_.treat(from_consumer<Rejected>(Treatment::Drop));
  insert_poison(3);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() >= 1; })) << pipeline_.said();
  const auto refused_at = pipeline_.cursor();
  pipeline_.sql("SELECT pg_current_xact_id()");  // the cursor moves on
  ASSERT_TRUE(eventually([&] { return pipeline_.cursor() != refused_at; })) << pipeline_.said();
  EXPECT_EQ(recorded(), 0);
  EXPECT_FALSE(acknowledges_everything()) << "acknowledged before its rejections are recorded";
  kill_here_and_go_on();
  expect_accounted_once(3);
}

TEST_P(AcknowledgePath, BetweenTheReportAndTheCommitInPostgresql) {
  follow_with_poisoned_table();
  {
    const HeldLock lock(pipeline_, "LOCK TABLE outbox.rejection IN SHARE MODE");
    insert_poison(3);
    ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
    EXPECT_EQ(unconfirmed(), 3);
    kill(GetParam());
  }
  restart();
  expect_accounted_once(3);
}

TEST_P(AcknowledgePath, BetweenTheRecordingAndTheWrittenCursor) {
  follow_with_poisoned_table();
  ASSERT_TRUE(eventually([&] { return acknowledges_everything(); }))
      << "what is still to be written of the start would end the session at the lock: " << pipeline_.said();
  {
    const HeldLock lock(pipeline_, "SELECT FROM outbox.subscription FOR NO KEY UPDATE");
    insert_poison(3);
    ASSERT_TRUE(eventually([&] { return recorded() == 3; })) << pipeline_.said();
    ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
    kill(GetParam());
  }
  restart();
  expect_accounted_once(3);
}

TEST_P(AcknowledgePath, BetweenTheCommitInPostgresqlAndItsConfirmation) {
  follow_with_poisoned_table();
  proxy_.treat(from_producer<Recorded>(Treatment::Drop));
  insert_poison(3);
  ASSERT_TRUE(eventually([&] { return recorded() == 3 && proxy_.treated() >= 1; })) << pipeline_.said();
  EXPECT_EQ(unconfirmed(), 3);
  kill_here_and_go_on();
  expect_accounted_once(3);
}

TEST_P(AcknowledgePath, BetweenTheConfirmationAndItsCommitInSqlite) {
  follow_with_poisoned_table();
  proxy_.treat(from_producer<Recorded>(Treatment::Hold));
  insert_poison(3);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() >= 1; })) << pipeline_.said();
  {
    SQLite::Database other(pipeline_.file().string(), SQLite::OPEN_READWRITE, 10'000);
    const SQLite::Transaction holding(other, SQLite::TransactionBehavior::IMMEDIATE);
    proxy_.pass_all();
    proxy_.release();
    kill(GetParam());
  }
  restart();
  expect_accounted_once(3);
}

class AcknowledgeMessage : public TaskPipeline {};

TEST_F(AcknowledgeMessage, OfARejectionOrItsConfirmationMayComeTwiceAndLate) {
  follow_with_poisoned_table();
  proxy_.treat(from_consumer<Rejected>(Treatment::Keep));
  proxy_.treat(from_producer<Recorded>(Treatment::Keep));
  insert_poison(3);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() >= 2; })) << pipeline_.said();
  proxy_.pass_all();
  proxy_.release();
  insert_poison(2);
  expect_accounted_once(5);
}

}  // namespace
}  // namespace mailboat::test
