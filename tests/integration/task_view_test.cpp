// outbox.task: every event of every subscription with its status.
#include <gmock/gmock.h>

#include "tests/integration/task_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TaskView : public Tasks {
 protected:
  // As a producer does once the replica has applied everything that is visible now.
  void acknowledge() {
    sql("UPDATE outbox.subscription SET snapshot = pg_current_snapshot() WHERE name = 's'");
  }
  std::string statuses(const std::string& subscription = "s") {
    return value(
        "SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM outbox.task WHERE subscription = '" +
        subscription + "'");
  }
};

TEST_F(TaskView, TellsTheStatusOfEveryEvent) {
  publish(2);
  EXPECT_EQ(statuses(), "1 pending, 2 pending, 3 pending, 4 pending, 5 pending");
  acknowledge();
  publish(1);
  reject("1, 2, 3, 4");
  fail_for_good("2");
  sql("SELECT outbox.discard_failed('s', '{3}', 'me')");
  retried("4", "superseded");
  EXPECT_EQ(statuses(), "1 retrying, 2 failed, 3 discarded, 4 completed, 5 completed, 6 pending");
  EXPECT_EQ(
      value("SELECT concat_ws(' ', topic, op, payload, retry_count, last_error, created_at IS NOT NULL, "
            "first_failed_at IS NOT NULL, failed_at IS NOT NULL, next_attempt_at) FROM outbox.task WHERE id "
            "= 2"),
      "app U {\"id\" : 2} 5 refused again t t t");
}

TEST_F(TaskView, AnEventOfATransactionThatWasInProgressIsPending) {
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, postgres::Transaction::Kind::ReadWrite);
  transaction.query("SELECT outbox.publish('app', '{}')");
  publish(1);
  acknowledge();
  transaction.commit();
  EXPECT_EQ(value("SELECT string_agg(status, ' ' ORDER BY id) FROM outbox.task WHERE id > 3"),
            "pending completed");
}

TEST_F(TaskView, HoldsOnlyTheTopicsOfASubscriptionAndEachForItself) {
  sql("SELECT outbox.publish('other', '{}')");
  sql("SELECT outbox.subscribe('few', 'now', '{other}')");
  reject("1");
  EXPECT_EQ(statuses("few"), "4 completed");
  EXPECT_EQ(statuses("s"), "1 retrying, 2 pending, 3 pending, 4 pending");
}

TEST_F(TaskView, ADescriptionOfATableIsATaskAlsoWhenItHasLeftTheLog) {
  sql("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item')");
  reject("4");
  const auto before = value("SELECT concat_ws(' ', topic, op, payload) FROM outbox.task WHERE id = 4");
  EXPECT_THAT(before, HasSubstr("public.item R {"));
  sql("DELETE FROM outbox.event");
  EXPECT_EQ(value("SELECT concat_ws(' ', topic, op, payload) FROM outbox.task WHERE id = 4"), before);
}

TEST_F(TaskView, FindsFailedTasksWithoutReadingTheLog) {
  const auto rows =
      sql("SET enable_seqscan = off; EXPLAIN SELECT * FROM outbox.task WHERE status = 'failed'");
  std::string plan;
  for (int row = 0; row < rows.size(); ++row) plan += std::string(rows.text(row, 0)) + '\n';
  EXPECT_THAT(plan, Not(HasSubstr("taken"))) << "a part of the view that goes through the log";
  EXPECT_THAT(plan, HasSubstr("Index Cond: ((txid = r.txid) AND (id = r.event_id))"));
  EXPECT_THAT(plan, Not(AnyOf(HasSubstr("Seq Scan on event"), HasSubstr("Bitmap Heap Scan on event"))));
}

}  // namespace
}  // namespace mailboat::test
