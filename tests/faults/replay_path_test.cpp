#include "tests/faults/task_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// The way of replayed events from the producer to SQLite and of their outcomes back, and a SIGKILL at each
/// of its steps: the replay is completed, and every event is counted once.
class ReplayPath : public TaskPipeline, public ::testing::WithParamInterface<Victim> {
 protected:
  static constexpr int events = 1200;  // three batches

  /// All rows have a wrong note, and events that would put it right.
  void follow_and_spoil() {
    follow();
    insert(events);
    ASSERT_TRUE(becomes_equal());
    by_hand("UPDATE item SET note = 'wrong' WHERE _version > 0");
    ASSERT_FALSE(is_equal());
  }
  void request() const { pipeline_.sql("SELECT outbox.request_replay('replica', topic => 'public.item')"); }
  std::string replay(const std::string& expression) const {
    return pipeline_.value("SELECT " + expression +
                           " FROM outbox.operation o JOIN outbox.replay r ON r.operation = o.id");
  }
  void kill_here_and_go_on() {
    kill(GetParam());
    proxy_.pass_all();
    proxy_.forget();
    restart();
  }
  void expect_completed() {
    EXPECT_TRUE(eventually([&] { return replay("status") == "completed"; })) << pipeline_.said();
    EXPECT_EQ(replay("concat_ws(' ', sent, applied + superseded, rejected)"),
              std::to_string(events) + ' ' + std::to_string(events) + " 0");
    EXPECT_TRUE(becomes_equal());
    expect_goes_on();
  }
};

INSTANTIATE_TEST_SUITE_P(Killing, ReplayPath,
                         ::testing::Values(Victim::Consumer, Victim::Producer, Victim::Both),
                         ::testing::PrintToStringParamName());

TEST_P(ReplayPath, WithEventsUnderWay) {
  follow_and_spoil();
  proxy_.treat(from_producer<Retry>(Treatment::Hold));
  request();
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << pipeline_.said();
  kill_here_and_go_on();
  expect_completed();
}

TEST_P(ReplayPath, BetweenTheCommitInSqliteAndItsOutcome) {
  follow_and_spoil();
  proxy_.treat(from_consumer<Retried>(Treatment::Drop));
  request();
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << pipeline_.said();
  kill_here_and_go_on();
  expect_completed();
}

TEST_P(ReplayPath, AfterSomeOfItIsCounted) {
  follow_and_spoil();
  proxy_.treat([batches = 0](const FromProducer& message) mutable {
    const bool second = std::holds_alternative<Retry>(message) && ++batches == 2;
    return second ? Treatment::Hold : Treatment::Pass;
  });
  request();
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0 && replay("sent") == "500"; }))
      << pipeline_.said();
  kill_here_and_go_on();
  expect_completed();
}

TEST_P(ReplayPath, BetweenTheOutcomesAndTheirCommitInPostgresql) {
  follow_and_spoil();
  proxy_.treat(from_consumer<Retried>(Treatment::Hold));
  request();
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << pipeline_.said();
  {
    const HeldLock lock(pipeline_, "SELECT FROM outbox.operation FOR UPDATE");
    proxy_.pass_all();
    proxy_.release();
    ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
    kill(GetParam());
  }
  restart();
  expect_completed();
}

}  // namespace
}  // namespace mailboat::test
