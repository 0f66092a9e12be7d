#include "producer/commit_watch.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <random>

#include "migrations/migrator.hpp"
#include "producer/source.hpp"
#include "producer/window_reader.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// A session that only counts: it reads a window whenever it is woken, and at no other time.
class CountingSession {
 public:
  explicit CountingSession(const std::string& conninfo)
      : watch_(conninfo, milliseconds(50), std::chrono::hours(1)),
        thread_([this, conninfo](const std::stop_token& stop) { run(conninfo, stop); }) {}
  ~CountingSession() {
    thread_.request_stop();
    thread_.join();
  }
  [[nodiscard]] std::size_t events() const { return events_; }

 private:
  void run(const std::string& conninfo, const std::stop_token& stop) {
    auto source = connect_to_source(conninfo, "session");
    source.query("SELECT outbox.subscribe('pings', topics => '{ping}')");
    const auto pings = find_subscription(source, "pings");
    WindowReader reader(source, pings);
    Snapshot from;
    watch_.add(inbox_);
    while (!stop.stop_requested()) {
      inbox_.wait_for_wake(stop, std::chrono::hours(1));
      inbox_.clear_wake();
      if (!reader.poll(from).has_events) continue;
      watch_.found_events();
      reader.open(from);
      EventBatch events;
      std::vector<TableChange> changes;
      while (reader.fill(events, events.bytes() + 65536, changes)) {
      }
      from = reader.to();
      reader.finish();
      events_ += events.size();
      inbox_.wake();  // at once after a window that was not empty
    }
    watch_.remove(inbox_);
  }

  CommitWatch watch_;
  Inbox inbox_;
  std::atomic<std::size_t> events_ = 0;
  std::jthread thread_;
};

class CommitWatchTest : public ::testing::Test {
 protected:
  static std::string prepare(const std::string& conninfo) {
    postgres::Connection admin(conninfo, "test");
    migrations::migrate(admin);
    return conninfo;
  }
  static void ping(postgres::Connection& connection) {
    connection.query("SELECT outbox.publish('ping', '{}')");
  }

  const std::string conninfo_ = prepare(test::shared_cluster().create_database());
};

// Without the notification the watch would sleep for an hour, so a missed wake-up fails by never being seen.
TEST_F(CommitWatchTest, EveryCommitWakesASleepingProducer) {
  CountingSession session(conninfo_);
  postgres::Connection writer(conninfo_, "writer");
  std::minstd_rand random(static_cast<unsigned>(test::seed()));
  for (std::size_t i = 1; i <= 300; ++i) {
    ping(writer);
    ASSERT_TRUE(test::eventually([&] { return session.events() == i; }))
        << "commit " << i << " was never seen";
    // Sometimes the next one comes while the watch is on its way to sleep, sometimes long after.
    writer.query("SELECT pg_sleep($1::float8 / 1000)", {std::to_string(random() % 6)});
  }
}

TEST_F(CommitWatchTest, NoWakeUpIsMissedUnderRacingWriters) {
  CountingSession session(conninfo_);
  std::size_t committed = 0;
  for (unsigned round = 0; round < 25; ++round) {
    std::atomic<std::size_t> pings = 0;
    {
      std::vector<std::jthread> writers;
      for (unsigned i = 0; i < 5; ++i) {
        writers.emplace_back([this, i, round, &pings] {
          std::minstd_rand random(static_cast<unsigned>(test::seed()) + 100 * round + i);
          postgres::Connection writer(conninfo_, "writer");
          for (int n = 0; n < 8; ++n) {
            postgres::Transaction transaction(writer, postgres::Transaction::Kind::ReadWrite);
            ping(writer);
            if (random() % 2 == 0) writer.query("SELECT pg_sleep(random() * 0.004)");
            if (random() % 5 == 0) continue;  // rolled back
            transaction.commit();
            ++pings;
          }
        });
      }
    }
    committed += pings;
    // Nobody writes any more: only a wake-up that was not missed can bring the last ones.
    ASSERT_TRUE(test::eventually([&] { return session.events() == committed; }))
        << "round " << round << ": " << session.events() << " of " << committed << " seen";
  }
}

TEST_F(CommitWatchTest, NobodyNotifiesWhileNoConsumerIsConnected) {
  CommitWatch watch(conninfo_, milliseconds(50));
  postgres::Connection listener(conninfo_, "listener");
  listener.listen("outbox_wakeup");
  postgres::Connection writer(conninfo_, "writer");
  ping(writer);
  EXPECT_FALSE(listener.wait_for_notification(milliseconds(200)));
}

TEST_F(CommitWatchTest, ATransactionThatCapturedCanBePreparedWherePreparingIsInUse) {
  test::Cluster cluster({.settings = {"max_prepared_transactions=4"}});
  const auto conninfo = prepare(cluster.create_database());
  CountingSession session(conninfo);
  postgres::Connection writer(conninfo, "writer");
  ping(writer);
  ASSERT_TRUE(test::eventually([&] { return session.events() == 1; }));
  writer.query("BEGIN");
  ping(writer);
  writer.query("PREPARE TRANSACTION 'two'");
  writer.query("COMMIT PREPARED 'two'");
  EXPECT_TRUE(test::eventually([&] { return session.events() == 2; }));
}

}  // namespace
}  // namespace mailboat::producer
