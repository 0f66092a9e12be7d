#include <gmock/gmock.h>

#include "migrations/migrator.hpp"
#include "tests/integration/outbox_fixture.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kSleep = "SELECT pg_try_advisory_lock(1835162484, 1)";
constexpr const char* kWake = "SELECT pg_advisory_unlock(1835162484, 1)";

/// What a producer does before it sleeps, from a second connection.
class WakeUp : public Outbox {
 protected:
  WakeUp() : producer(conninfo, "sleeping_producer") {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE s (id int PRIMARY KEY); SELECT outbox.track('t');"
        "SELECT outbox.track('s', capture => 'statement')");
    producer.listen("outbox_wakeup");
  }
  bool falls_asleep() { return producer.query(kSleep).boolean(0, 0); }

  postgres::Connection producer;
};

TEST_F(WakeUp, NotifiesASleepingProducerWhateverWasCaptured) {
  for (const std::string change : {"INSERT INTO t VALUES (1)", "INSERT INTO s VALUES (1)", "TRUNCATE t",
                                   "SELECT outbox.publish('x', '{}')", "ALTER TABLE t ADD COLUMN n int"}) {
    ASSERT_TRUE(falls_asleep());
    sql(change);
    EXPECT_TRUE(producer.wait_for_notification(seconds(30))) << change;
    producer.query(kWake);
  }
}

TEST_F(WakeUp, DoesNotNotifyAProducerThatIsAwake) {
  sql("INSERT INTO t VALUES (1); INSERT INTO s VALUES (1)");
  ASSERT_TRUE(falls_asleep());
  sql("INSERT INTO t VALUES (2)");  // the one notification to wait for, so that an earlier one would have
                                    // come
  EXPECT_TRUE(producer.wait_for_notification(seconds(30)));
  EXPECT_FALSE(producer.wait_for_notification(milliseconds(0)));
}

TEST_F(WakeUp, KeepsTheProducerAwakeWhileACaptureIsInFlight) {
  sql("BEGIN; INSERT INTO t VALUES (1)");
  EXPECT_FALSE(falls_asleep());
  sql("COMMIT");
  EXPECT_TRUE(falls_asleep());
}

TEST(PreparedTransactions, CanHoldCapturedChangesAlthoughTheProducerSleeps) {
  Cluster::Options options;
  options.settings = {"max_prepared_transactions=5"};
  Cluster cluster(options);
  postgres::Connection connection(cluster.conninfo(), "capture_test");
  postgres::Connection producer(cluster.conninfo(), "sleeping_producer");
  migrations::migrate(connection);
  connection.query("CREATE TABLE t (id int PRIMARY KEY); SELECT outbox.track('t')");
  ASSERT_TRUE(producer.query(kSleep).boolean(0, 0));
  connection.query(
      "BEGIN; INSERT INTO t VALUES (1); SELECT outbox.publish('x', '{}'); PREPARE TRANSACTION 'p'");
  connection.query("COMMIT PREPARED 'p'");
  EXPECT_EQ(connection.query("SELECT count(*) FROM outbox.event WHERE op <> 'R'").text(0, 0), "2");
}

}  // namespace
}  // namespace mailboat::test
