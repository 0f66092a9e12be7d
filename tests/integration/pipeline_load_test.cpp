// The first load: rows that were there before anybody listened, while life goes on.
#include "tests/integration/changer.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

class Load : public Pipeline {
 protected:
  // Keys that come in no order, so that chunks and changes meet everywhere.
  void create(const std::string& table, const std::string& key_type, const std::string& new_key,
              int rows = 20'000) {
    sql("CREATE TABLE " + table + " (id " + key_type + " DEFAULT " + new_key +
        " PRIMARY KEY, n int, body text); CREATE INDEX ON " + table + " (n); INSERT INTO " + table +
        " (n, body) SELECT n, repeat('x', 200) FROM generate_series(1, " + std::to_string(rows) +
        ") n; SELECT outbox.track('" + table + "')");
  }
  bool load_has_begun(const std::string& topic) {
    return replica_has("SELECT rows > 0 AND NOT finished FROM _mailboat_load WHERE topic = '" + topic + "'",
                       1);
  }
  bool loaded(const std::string& topic) {
    return replica_has("SELECT finished FROM _mailboat_load WHERE topic = '" + topic + "'", 1);
  }
};

TEST_F(Load, RowsOfEveryKindOfKeyComeWhileChangesFlow) {
  create("t_int", "bigint", "(random() * 1e15)::bigint - 500000000000000");
  create("t_text", "text", "md5(random()::text)");
  create("t_uuid", "uuid", "gen_random_uuid()");
  sql("CREATE TABLE t_pair (id text DEFAULT left(md5(random()::text), 2), n int, body text, serial serial, "
      "PRIMARY KEY (id, serial)); CREATE INDEX ON t_pair (n); INSERT INTO t_pair (n, body) SELECT n, 'pair' "
      "FROM "
      "generate_series(1, 20000) n; SELECT outbox.track('t_pair')");
  subscribe();
  start_producer();
  {
    const Changer changer(conninfo, {"t_int", "t_text", "t_uuid", "t_pair"});
    ASSERT_TRUE(eventually([&] { return changer.transactions() > 10; }));
    start_consumer();
    for (const auto* topic : {"public.t_int", "public.t_text", "public.t_uuid", "public.t_pair"}) {
      ASSERT_TRUE(eventually([&] { return loaded(topic); })) << topic << said();
    }
    const auto by_then = changer.transactions();
    EXPECT_TRUE(eventually([&] { return changer.transactions() > by_then + 50; }))
        << "the load held up writers";
  }
  for (const auto* table : {"t_int", "t_text", "t_uuid", "t_pair"}) expect_equal_soon(table);
}

TEST_F(Load, ATableOfAllPartitionsIsLoadedOnce) {
  sql("CREATE TABLE sale (id int PRIMARY KEY, n int) PARTITION BY HASH (id);"
      "CREATE TABLE sale_0 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
      "INSERT INTO sale SELECT n, n FROM generate_series(1, 5000) n; SELECT outbox.track('sale')");
  subscribe();
  start_producer();
  catch_up();
  expect_equal("sale");
}

TEST_F(Load, ATableTrackedLaterIsLoadedToo) {
  create("early", "int", "(random() * 1e9)::int", 10);
  subscribe();
  start_producer();
  start_consumer();
  expect_equal_soon("early");
  create("late", "uuid", "gen_random_uuid()", 5000);
  {
    const Changer changer(conninfo, {"late"});
    ASSERT_TRUE(eventually([&] { return loaded("public.late") && changer.transactions() > 100; })) << said();
  }
  expect_equal_soon("late");
}

TEST_F(Load, ATruncateDuringTheLoadLeavesNoOldRow) {
  create("t", "text", "md5(random()::text)", 60'000);
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return load_has_begun("public.t"); })) << said();
  sql("TRUNCATE t; INSERT INTO t (n, body) SELECT n, 'after' FROM generate_series(1, 100) n");
  expect_equal_soon("t");
  EXPECT_TRUE(eventually([&] { return loaded("public.t"); })) << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM t WHERE body = 'after'"), 100);
}

TEST_F(Load, ARewriteDuringTheLoadEndsWithTheNewRows) {
  create("t", "text", "md5(random()::text)", 60'000);
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return load_has_begun("public.t"); })) << said();
  sql("ALTER TABLE t ALTER COLUMN body TYPE varchar USING 'rewritten ' || n");
  expect_equal_soon("t");
  EXPECT_TRUE(eventually([&] { return loaded("public.t"); })) << said();
}

TEST_F(Load, AColumnAddedDuringTheLoadIsFilled) {
  create("t", "text", "md5(random()::text)", 60'000);
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return load_has_begun("public.t"); })) << said();
  sql("ALTER TABLE t ADD COLUMN extra int DEFAULT 42, DROP COLUMN n");
  expect_equal_soon("t");
}

TEST_F(Load, ATableUntrackedDuringTheLoadDoesNotHoldUpTheOthers) {
  create("a", "text", "md5(random()::text)", 60'000);
  create("b", "text", "md5(random()::text)", 1000);
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return load_has_begun("public.a"); })) << said();
  sql("SELECT outbox.untrack('a')");
  expect_equal_soon("b");
  stop(consumer);
  catch_up();  // a load that cannot go on would never be caught up with
}

TEST_F(Load, ATableThatIsDroppedDuringTheLoadDoesNotHoldUpTheOthers) {
  create("a", "text", "md5(random()::text)", 60'000);
  create("b", "text", "md5(random()::text)", 1000);
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return load_has_begun("public.a"); })) << said();
  sql("DROP TABLE a");
  expect_equal_soon("b");
  stop(consumer);
  catch_up();
}

TEST_F(Load, ATableLockedForLongDoesNotHoldUpTheOthers) {
  create("a", "text", "md5(random()::text)", 1000);
  create("b", "text", "md5(random()::text)", 1000);
  subscribe();
  start_producer();
  postgres::Connection locker(conninfo, "locker");
  locker.query("BEGIN; LOCK TABLE a");
  start_consumer();
  expect_equal_soon("b");
  locker.query("COMMIT");
  expect_equal_soon("a");
}

TEST_F(Load, AReloadRemovesRowsThatWentAwayUnseen) {
  create("t", "int", "(random() * 1e9)::int", 100);
  subscribe();
  start_producer();
  catch_up();
  sql("SELECT outbox.untrack('t')");
  sql("DELETE FROM t WHERE n <= 30; UPDATE t SET body = 'unseen' WHERE n > 90; INSERT INTO t (n) VALUES "
      "(1000)");
  sql("SELECT outbox.track('t')");
  catch_up();
  expect_equal("t");
}

}  // namespace
}  // namespace mailboat::test
