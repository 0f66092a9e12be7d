#include "tests/faults/task_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// The way of a retry from the producer to SQLite and of its outcome back, and a SIGKILL at each of its
/// steps.
class RetryPath : public TaskPipeline, public ::testing::WithParamInterface<Victim> {
 protected:
  void reject(int rows) {
    follow_with_poisoned_table();
    insert_poison(rows);
    ASSERT_TRUE(eventually([&] { return recorded() == rows && unconfirmed() == 0; })) << pipeline_.said();
  }
  void kill_here_and_go_on() {
    kill(GetParam());
    proxy_.pass_all();
    proxy_.forget();
    restart();
  }
  std::int64_t poison_in_replica() {
    return pipeline_.replica().number("SELECT count(*) FROM item WHERE note = 'poison'");
  }
  std::string tasks(const std::string& status) {
    return pipeline_.value("SELECT count(*) FROM outbox.rejection WHERE status = '" + status + "'");
  }
};

INSTANTIATE_TEST_SUITE_P(Killing, RetryPath, ::testing::Values(Victim::Consumer, Victim::Producer),
                         ::testing::PrintToStringParamName());

TEST_P(RetryPath, WithTheRetryUnderWay) {
  reject(3);
  proxy_.treat(from_producer<Retry>(Treatment::Hold));
  const auto before = proxy_.treated();
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > before; })) << pipeline_.said();
  kill_here_and_go_on();
  expect_accounted_once(3);
}

TEST_P(RetryPath, BetweenTheCommitInSqliteAndItsOutcome) {
  reject(1);
  proxy_.treat([](const FromConsumer& message) {
    const auto* retried = std::get_if<Retried>(&message);
    const bool applied = retried != nullptr && !retried->outcomes.empty() &&
                         retried->outcomes.back().result != RetryOutcome::Result::Rejected;
    return applied ? Treatment::Drop : Treatment::Pass;
  });
  mend();
  ASSERT_TRUE(eventually([&] { return poison_in_replica() == 1 && proxy_.treated() > 0; }))
      << pipeline_.said();
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON item WHEN NEW.note = 'never'"
      " BEGIN SELECT RAISE(ABORT, 'never'); END");
  EXPECT_EQ(tasks("completed"), "0");
  kill_here_and_go_on();
  expect_accounted_once(1);
}

TEST_P(RetryPath, BetweenTheOutcomeAndItsCommitInPostgresql) {
  reject(3);
  {
    const HeldLock lock(pipeline_, "SELECT FROM outbox.rejection FOR UPDATE");
    ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
    kill(GetParam());
  }
  restart();
  expect_accounted_once(3);
}

TEST_P(RetryPath, InTheMiddleOfACompensationRunsItOnce) {
  pipeline_.sql(
      "CREATE TABLE undone (id int); CREATE TABLE gate ();"
      "CREATE FUNCTION undo(subscription text, event_id bigint, payload json, error text) RETURNS void"
      " LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
      "  LOCK TABLE gate IN SHARE MODE; INSERT INTO undone VALUES ((payload ->> 'id')::int);"
      "  DELETE FROM item WHERE id = (payload ->> 'id')::int $$;"
      "SELECT outbox.on_failed('public.item', 'undo(text, bigint, json, text)');"
      "SELECT outbox.configure('replica', max_attempts => 2)");
  follow_with_poisoned_table();
  {
    const HeldLock gate(pipeline_, "LOCK TABLE gate IN ACCESS EXCLUSIVE MODE");
    insert_poison(3);
    ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
    kill(GetParam());
  }
  restart();
  EXPECT_TRUE(eventually([&] { return tasks("failed") == "3"; })) << pipeline_.said();
  EXPECT_EQ(pipeline_.value("SELECT count(*) || ' of ' || count(DISTINCT id) FROM undone"), "3 of 3");
  EXPECT_EQ(pipeline_.value("SELECT count(*) FROM outbox.rejection_history WHERE what = 'compensated'"), "3");
  EXPECT_TRUE(becomes_equal()) << "what was undone at the source is not in the replica either";
}

}  // namespace
}  // namespace mailboat::test
