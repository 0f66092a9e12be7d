// What mailboat writes to the source: nothing while nothing happens, nothing per event.
#include <set>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

class Quiet : public Pipeline {
 protected:
  Quiet() { sql("CREATE TABLE item (id int PRIMARY KEY, body text); SELECT outbox.track('item')"); }

  std::int64_t number(const std::string& query) { return std::stoll(value(query)); }
  std::int64_t next_transaction_id() {
    return number("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
  }

  // Autovacuum takes transaction ids of its own when it pleases.
  void set_autovacuum(const std::string& assignment) {
    sql("ALTER SYSTEM " + assignment);
    sql("SELECT pg_reload_conf()");
  }
  bool is_vacuuming() {
    return number("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'") > 0;
  }

  // Rows written to mailboat's tables as the statistics count them.
  std::int64_t writes() {
    return number(
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'outbox'");
  }
};

TEST_F(Quiet, AnIdleProducerWritesNothing) {
  set_autovacuum("SET autovacuum = off");
  ASSERT_TRUE(eventually([&] { return value("SHOW autovacuum") == "off" && !is_vacuuming(); }));
  subscribe();
  start_producer();
  start_consumer();
  expect_equal_soon("item");  // loaded: what comes now is an event
  sql("INSERT INTO item VALUES (1, 'x')");
  expect_equal_soon("item");
  // The last acknowledgement is written back within about a second.
  ASSERT_TRUE(eventually([&] {
    return value(
               "SELECT acked_event_id = (SELECT max(id) FROM outbox.event) FROM "
               "outbox.subscription") == "t";
  }));
  const auto before = next_transaction_id();
  std::set<std::string> polls;
  constexpr std::size_t enough_polls = 3;
  ASSERT_TRUE(eventually([&] {
    polls.insert(
        value("SELECT query_start FROM pg_stat_activity WHERE datname = current_database() AND "
              "application_name = 'mailboat-producer/replica'"));
    return polls.size() >= enough_polls;
  }));
  constexpr int written_back_late = 1;
  EXPECT_LE(next_transaction_id() - before, written_back_late);
  set_autovacuum("RESET autovacuum");
}

TEST_F(Quiet, AnIdleSessionSleeps) {
  subscribe();
  start_producer();
  start_consumer();
  sql("INSERT INTO item VALUES (1, 'x')");
  expect_equal_soon("item");
  // A statement is over within a millisecond: half a second without any is sleep.
  EXPECT_TRUE(eventually([&] {
    return value(
               "SELECT clock_timestamp() - query_start > '500 ms' FROM pg_stat_activity WHERE datname = "
               "current_database() AND application_name = 'mailboat-producer/replica'") == "t";
  }));
}

TEST_F(Quiet, DeliveringEventsWritesNothingPerEvent) {
  subscribe();
  start_producer();
  start_consumer();
  expect_equal_soon("item");
  constexpr int events = 100'000;
  constexpr int transactions = 200;
  const auto before = writes();
  sql("CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1.." + std::to_string(transactions) +
      " LOOP INSERT INTO item SELECT i * 1000 + n, 'x' FROM generate_series(1, " +
      std::to_string(events / transactions) + ") n; COMMIT; END LOOP; END $$");
  sql("CALL fill()");
  ASSERT_TRUE(eventually([&] { return replica_has("SELECT count(*) FROM item", events); })) << said();
  ASSERT_TRUE(eventually([&] { return writes() - before >= events; })) << "the statistics do not come";
  stop(consumer);
  stop(producer);  // whatever it has written is in the statistics once its sessions have ended
  EXPECT_LT(writes() - before - events, 100);
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), events);
}

}  // namespace
}  // namespace mailboat::test
