// Read your writes: outbox.wait_for() with a producer that writes acknowledgements down.
#include <thread>

#include "tests/integration/task_feed_fixture.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

class Wait : public TaskFeed {
 protected:
  /// Waits in a session of its own.
  bool wait_for(const std::string& timeout) {
    return waiter.query("SELECT outbox.wait_for('s', $1::interval)", {timeout}).boolean(0, 0);
  }
  bool is_applied() { return wait_for("0"); }
  std::string subscription(const std::string& expression) {
    return value("SELECT " + expression + " FROM outbox.subscription WHERE name = 's'");
  }
  /// Lets the consumer work through what is there.
  static void take_in(ScriptedConsumer& played) { EXPECT_GE(played.waiting<Frame>(), 0); }
  /// What the producer does meanwhile reaches the consumer, too.
  bool eventually_applied(ScriptedConsumer& played) {
    return eventually([&] {
      take_in(played);
      return is_applied();
    });
  }

  postgres::Connection waiter{conninfo, "waiter"};
};

TEST_F(Wait, AnAcknowledgementIsWrittenAtOnceWhileSomebodyWaits) {
  auto replica = consumer_of("s");
  std::jthread follower([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) take_in(*replica);
  });
  constexpr int rounds = 50;
  // At the interval of the ordinary write back it would take a second for each.
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) {
    publish();
    ASSERT_TRUE(wait_for("30 s")) << round << said();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(rounds / 2));
}

TEST_F(Wait, NobodyIsToldBeforeTheReplicaHasAcknowledged) {
  auto replica = consumer_of("s");
  ASSERT_TRUE(eventually_applied(*replica)) << said();
  replica->set_acknowledging(false);
  const auto id = publish().first;
  ASSERT_TRUE(eventually([&] { return replica->has_window_with(id); })) << said();
  EXPECT_FALSE(wait_for("100 ms"));
  auto again = consumer_again(*replica);  // whose first window is acknowledged
  EXPECT_TRUE(eventually_applied(*again)) << said();
}

TEST_F(Wait, AnEventThatBecomesATaskIsDone) {
  auto replica = consumer_of("s");
  replica->set_acknowledging(false);
  const auto [id, transaction] = publish();
  ASSERT_TRUE(eventually([&] { return replica->has_window_with(id); })) << said();
  replica->reject(id, transaction);
  ASSERT_TRUE(replica->next<Recorded>());
  replica->set_acknowledging(true);
  publish();
  ASSERT_TRUE(eventually_applied(*replica)) << said();
  EXPECT_NE(task(id, "status"), "no task");
}

// A lower id than what has been acknowledged: the transaction committed late.
TEST_F(Wait, ALateTransactionCountsAsProgress) {
  auto replica = consumer_of("s");
  postgres::Connection slow(conninfo, "slow");
  slow.query("BEGIN");
  slow.query("SELECT outbox.publish('app', '{\"id\": 1}')");
  publish();
  ASSERT_TRUE(eventually_applied(*replica)) << said();
  slow.query("COMMIT");
  EXPECT_TRUE(eventually_applied(*replica)) << said();
}

TEST_F(Wait, AFileThatComesBackOlderHasNotWhatWasAcknowledged) {
  auto replica = consumer_of("s");
  const auto copy = replica->cursor();
  publish();
  ASSERT_TRUE(eventually_applied(*replica)) << said();
  replica.reset();
  ScriptedConsumer older(endpoint());
  older.set_acknowledging(false);
  ASSERT_TRUE(older.follow("s", copy)) << said();
  EXPECT_FALSE(is_applied());
}

TEST_F(Wait, ANewFileHasNothingUntilItHasAcknowledged) {
  sql("SELECT outbox.subscribe('l')");
  auto replica = consumer_of("l");
  const auto applied = [&] { return value("SELECT outbox.wait_for('l', '0')"); };
  ASSERT_TRUE(eventually([&] {
    take_in(*replica);
    return applied() == "t";
  })) << said();
  replica.reset();
  ScriptedConsumer fresh(endpoint());
  fresh.set_acknowledging(false);
  ASSERT_TRUE(fresh.follow("l")) << said();
  EXPECT_EQ(applied(), "f");
}

}  // namespace
}  // namespace mailboat::test
