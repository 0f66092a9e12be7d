// outbox.wait_for() by itself: what it waits for, and what it refuses. The replica's progress is written by
// hand.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class WaitCall : public Outbox {
 protected:
  WaitCall() {
    sql("SELECT outbox.subscribe('s', 'now')");
    acknowledge();
  }
  void publish(const std::string& topic = "app") {
    connection.query("SELECT outbox.publish($1, '{\"id\": 1}')", {topic});
  }
  /// As a producer does when the replica has everything that is committed now.
  void acknowledge() {
    sql("UPDATE outbox.subscription SET snapshot = pg_current_snapshot(), acked_at = now()");
  }
  std::string is_applied() { return value("SELECT outbox.wait_for('s', '0')"); }
};

TEST_F(WaitCall, IsDoneWhenEveryCommittedEventIsAcknowledged) {
  EXPECT_EQ(is_applied(), "t");
  publish();
  EXPECT_EQ(is_applied(), "f");
  acknowledge();
  EXPECT_EQ(is_applied(), "t");
}

TEST_F(WaitCall, WaitsForAnEventThatCommittedLateAndNotForOneThatIsOpen) {
  postgres::Connection slow(conninfo, "slow");
  slow.query("BEGIN");
  slow.query("SELECT outbox.publish('app', '{\"id\": 1}')");
  publish();
  acknowledge();
  EXPECT_EQ(is_applied(), "t");
  slow.query("COMMIT");
  EXPECT_EQ(is_applied(), "f");
  acknowledge();
  EXPECT_EQ(is_applied(), "t");
}

TEST_F(WaitCall, DoesNotWaitForOtherTransactionsNorForTopicsThatAreNotTaken) {
  sql("CREATE TABLE other (id int)");
  EXPECT_EQ(is_applied(), "t");
  sql("UPDATE outbox.subscription SET topics = '{app}'");
  publish("else");
  EXPECT_EQ(is_applied(), "t");
  publish("app");
  EXPECT_EQ(is_applied(), "f");
}

TEST_F(WaitCall, IsNotDoneWhileTheReplicaIsNotOrCannotBeComplete) {
  for (const std::string state :
       {"acked_at = NULL", "state = 'needs_load'", "load = '{}'", "trouble = 'its disk is full'"}) {
    sql("BEGIN; UPDATE outbox.subscription SET " + state);
    EXPECT_EQ(is_applied(), "f") << state;
    sql("ROLLBACK");
  }
  EXPECT_EQ(is_applied(), "t");
}

TEST_F(WaitCall, SaysWhenTheReplicaGoesBackToAnOlderCopy) {
  sql("CREATE TABLE before AS SELECT snapshot FROM outbox.subscription");
  publish();
  acknowledge();
  EXPECT_EQ(is_applied(), "t");
  sql("UPDATE outbox.subscription SET snapshot = (SELECT snapshot FROM before)");
  EXPECT_EQ(is_applied(), "f");
}

TEST_F(WaitCall, RefusesToWaitForWhatItsOwnTransactionHasNotCommitted) {
  sql("BEGIN");
  publish();
  EXPECT_THAT(refusal("SELECT outbox.wait_for('s')"), HasSubstr("Commit first"));
  sql("ROLLBACK");
  sql("BEGIN; CREATE TABLE not_tracked (id int)");
  EXPECT_EQ(is_applied(), "t");
  sql("COMMIT");
}

TEST_F(WaitCall, RefusesATransactionThatWouldNeverSeeTheReplicaMove) {
  for (const std::string level : {"REPEATABLE READ", "SERIALIZABLE"}) {
    sql("BEGIN ISOLATION LEVEL " + level);
    EXPECT_THAT(refusal("SELECT outbox.wait_for('s')"), HasSubstr(level));
    sql("ROLLBACK");
  }
}

TEST_F(WaitCall, RefusesWithTheRemedy) {
  EXPECT_THAT(refusal("SELECT outbox.wait_for('nope')"), HasSubstr("there is no subscription \"nope\""));
  EXPECT_THAT(refusal("SELECT outbox.wait_for(NULL)"), HasSubstr("there is no subscription NULL"));
  EXPECT_THAT(refusal("SELECT outbox.wait_for('s', NULL)"), HasSubstr("Use 0 or more"));
  EXPECT_THAT(refusal("SELECT outbox.wait_for('s', '-1 s')"), HasSubstr("Use 0 or more"));
}

TEST_F(WaitCall, AnybodyMayCallIt) {
  sql("SET ROLE " + create_role());
  EXPECT_EQ(is_applied(), "t");
  EXPECT_THAT(refusal("SELECT * FROM outbox.subscription"), HasSubstr("permission denied"));
}

TEST_F(WaitCall, LeavesNothingBehindInTheTransactionOfItsCaller) {
  publish();
  sql("BEGIN");
  EXPECT_EQ(value("SELECT outbox.wait_for('s', '20 ms')"), "f");
  EXPECT_EQ(value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
  EXPECT_EQ(value("SELECT pg_current_xact_id_if_assigned() IS NULL"), "t");
  sql("COMMIT");
}

TEST_F(WaitCall, NobodyCanHoldItUpBeyondItsTimeout) {
  publish();
  postgres::Connection rude(conninfo, "rude");
  rude.query("SELECT pg_advisory_lock(1835162486, id) FROM outbox.subscription");
  EXPECT_EQ(value("SELECT outbox.wait_for('s', '20 ms')"), "f");
}

TEST_F(WaitCall, DoesNotReadTheLogWhateverTheStatisticsSay) {
  const auto read = [&] {
    return std::stoll(
        value("SELECT pg_stat_get_xact_tuples_returned('outbox.event_1_500000'::regclass) + "
              "pg_stat_get_xact_tuples_returned('outbox.event_1_500000_pkey'::regclass)"));
  };
  sql("INSERT INTO outbox.event (topic, op, payload) SELECT 'app', 'U', '{}' FROM generate_series(1, 20000)");
  const auto before = read();
  EXPECT_EQ(is_applied(), "f");  // with all of them to come
  acknowledge();
  EXPECT_EQ(is_applied(), "t");  // with all of them behind
  EXPECT_LT(read() - before, 100);
}

}  // namespace
}  // namespace mailboat::test
