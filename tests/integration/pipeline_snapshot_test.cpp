// Nothing waits for anything else: neither events for a transaction that has not written them, nor the source
// for a consumer.
#include <chrono>
#include <signal.h>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Waiting : public Pipeline {
 protected:
  Waiting() { sql("CREATE TABLE item (id int PRIMARY KEY, body text); SELECT outbox.track('item')"); }

  // Whether the session that serves the consumer has had a transaction open on the source for so long.
  bool in_transaction_for(const std::string& interval) {
    return value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name = "
               "'mailboat-producer/replica' AND clock_timestamp() - xact_start >= '" +
               interval + "'") == "1";
  }
};

TEST_F(Waiting, AnOpenTransactionDelaysOnlyItsOwnEvents) {
  sql("INSERT INTO item VALUES (1, 'old'), (2, 'old')");
  subscribe();
  postgres::Connection slow(conninfo, "slow");
  slow.query("BEGIN; INSERT INTO item VALUES (100, 'slow'); UPDATE item SET body = 'slow' WHERE id = 1");
  start_producer();
  start_consumer();
  for (int id = 1000; id < 1050; ++id) {
    const auto text = std::to_string(id);
    sql("INSERT INTO item VALUES (" + text + ", 'quick'); UPDATE item SET body = '" + text +
        "' WHERE id = 2");
    ASSERT_TRUE(eventually([&] { return replica_has("SELECT count(*) FROM item WHERE id = " + text, 1); },
                           seconds(5)))
        << text << " waits\n"
        << said();
  }
  expect_equal("item");  // the slow ones are in neither
  slow.query("INSERT INTO item VALUES (101, 'slow'); COMMIT");
  expect_equal_soon("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item WHERE body = 'slow'"), 3);
}

TEST_F(Waiting, AStoppedConsumerHoldsNoTransactionOpenOnTheSource) {
  subscribe();
  start_producer({"--snapshot-hold-max", "1s"});
  catch_up();
  constexpr int rows = 100'000;
  sql("INSERT INTO item SELECT n, repeat('x', 300) FROM generate_series(1, " + std::to_string(rows) + ") n");
  postgres::Connection open_before(conninfo, "open before");
  open_before.query("BEGIN; INSERT INTO item VALUES (-1, 'in progress at the snapshot')");

  start_consumer();
  consumer->kill(SIGSTOP);  // for less than the five seconds after which the producer gives it up
  ASSERT_TRUE(eventually([&] { return in_transaction_for("300 ms"); }, seconds(2))) << said();
  ASSERT_TRUE(eventually([&] { return !in_transaction_for("0"); }, seconds(2))) << said();
  ASSERT_EQ(replica().number("SELECT count(*) FROM item"), 0) << "stopped too late to prove anything";
  open_before.query("COMMIT");
  sql("INSERT INTO item VALUES (-2, 'after the snapshot'); UPDATE item SET body = 'after' WHERE id = 5");
  consumer->kill(SIGCONT);

  // The window goes on from where it was, and carries what belongs to it and no more.
  ASSERT_TRUE(eventually([&] { return replica().number("SELECT count(*) FROM item") > 0; })) << said();
  expect_equal_soon("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), rows + 2);
  const auto said_so = producer->errors();
  const auto second_session = said_so.find("session begins", said_so.find("session begins") + 1);
  EXPECT_EQ(said_so.find("session begins", second_session + 1), std::string::npos) << "it began again\n"
                                                                                   << said();
}

TEST_F(Waiting, ALoadIsCompletedWhateverSnapshotsMayNotLast) {
  sql("INSERT INTO item SELECT n, repeat('x', 300) FROM generate_series(1, 50000) n");
  subscribe();
  start_producer({"--snapshot-hold-max", "1ms"});
  start_consumer();
  for (int id = 1; id <= 100; ++id)
    sql("UPDATE item SET body = 'changed' WHERE id = " + std::to_string(id * 400));
  expect_equal_soon("item");
}

}  // namespace
}  // namespace mailboat::test
