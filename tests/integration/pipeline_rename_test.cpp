// Tables that are renamed, dropped or get another key while a replica follows, or while nobody does.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <thread>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

/// With a list of topics, or without.
class RenamedTable : public Pipeline, public ::testing::WithParamInterface<bool> {
 protected:
  RenamedTable() {
    sql("CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t SELECT n, 'a' || n, n FROM "
        "generate_series(1, 1000) n; SELECT outbox.track('t'); CREATE TABLE other (id int PRIMARY KEY, x "
        "text); SELECT "
        "outbox.track('other'); INSERT INTO other SELECT n, 'x' FROM generate_series(1, 10) n");
  }
  void follow() {
    sql(GetParam() ? "SELECT outbox.subscribe('replica', topics => '{public.t,public.other}')"
                   : "SELECT outbox.subscribe('replica')");
    start_producer();
    start_consumer();
    expect_equal_soon("t");
    expect_equal_soon("other");
  }
  bool replica_has_table(const std::string& name) {
    return replica().number("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '" + name +
                            "'") == 1;
  }
  /// How many loads of tables have begun, by what the file knows of their chunks.
  std::int64_t chunks() { return replica().number("SELECT count(*) FROM _mailboat_load_chunk"); }
};

INSTANTIATE_TEST_SUITE_P(Topics, RenamedTable, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Listed" : "All"; });

TEST_P(RenamedTable, IsRenamedWithItsRowsAndNotLoadedAgain) {
  follow();
  const auto before = chunks();
  sql("BEGIN; UPDATE t SET a = 'before' WHERE id = 1; ALTER TABLE t RENAME TO u; UPDATE u SET a = 'after' "
      "WHERE id = 2; "
      "COMMIT; DELETE FROM u WHERE id = 3; ALTER TABLE u RENAME COLUMN a TO c");
  expect_equal_soon("u");
  EXPECT_FALSE(replica_has_table("t"));
  EXPECT_EQ(chunks(), before);
}

TEST_P(RenamedTable, SwapsItsNameWithAnother) {
  follow();
  sql("BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE other RENAME TO t; ALTER TABLE x RENAME TO other; "
      "INSERT INTO t "
      "VALUES (11, 'y'); COMMIT; INSERT INTO other VALUES (2000, 'z', 1)");
  expect_equal_soon("t");
  expect_equal_soon("other");
}

TEST_P(RenamedTable, GoesThroughAChainWhileNobodyIsConnected) {
  follow();
  stop(consumer);
  stop(producer);
  sql("INSERT INTO t VALUES (2000, 'x', 1); ALTER TABLE t RENAME TO u; UPDATE u SET b = 0; CREATE SCHEMA s; "
      "ALTER TABLE u "
      "SET SCHEMA s; ALTER SCHEMA s RENAME TO s2; DELETE FROM s2.u WHERE id < 100");
  start_producer();
  catch_up();
  expect_equal("s2.u", "s2_u");
}

TEST_P(RenamedTable, IsFollowedWhereverTheSessionStandsWhenItCommits) {
  sql(GetParam() ? "SELECT outbox.subscribe('replica', topics => '{public.t}')"
                 : "SELECT outbox.subscribe('replica')");
  start_producer();
  std::string name = "t";
  std::jthread writer([this](const std::stop_token& stop) {
    postgres::Connection writing(conninfo, "writer");
    for (int id = 5000; !stop.stop_requested(); ++id) {
      for (const auto* table : {"t", "u"}) {
        try {
          writing.query(std::string("INSERT INTO ") + table + " VALUES (" + std::to_string(id) + ", 'w', 1)");
          break;
        } catch (const postgres::StatementFailed&) {  // it has the other name now
        }
      }
    }
  });
  for (int round = 0; round < 6; ++round) {
    std::jthread renaming([this, &name] {
      postgres::Connection connection_(conninfo, "renaming");
      for (int i = 0; i < 5; ++i) {
        const std::string next = name == "t" ? "u" : "t";
        connection_.query("ALTER TABLE " + name + " RENAME TO " + next);
        name = next;
      }
    });
    catch_up();  // a session that begins, and ends
  }
  writer.request_stop();
  writer.join();
  catch_up();
  expect_equal(name);
}

TEST_P(RenamedTable, FindsItsRetriesUnderItsNewName) {
  sql("SELECT outbox.subscribe('replica'" +
      std::string(GetParam() ? ", topics => '{public.t,public.other}'" : "") +
      "); SELECT outbox.configure('replica', retry_delay => '100 ms', retry_delay_max => '100 ms', "
      "max_attempts => 100)");
  start_producer();
  start_consumer();
  expect_equal_soon("t");
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000)
      .exec(
          "CREATE TRIGGER refuse BEFORE UPDATE ON t WHEN new.a = 'refused' BEGIN SELECT RAISE(ABORT, 'no'); "
          "END");
  sql("UPDATE t SET a = 'refused' WHERE id = 7");
  ASSERT_TRUE(eventually([this] { return value("SELECT count(*) FROM outbox.rejection") == "1"; }));
  sql("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO c");
  ASSERT_TRUE(eventually([this] { return replica_has("SELECT count(c) FROM u", 1000); }));
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000).exec("DROP TRIGGER refuse");
  ASSERT_TRUE(eventually([this] { return value("SELECT status FROM outbox.rejection") == "completed"; }))
      << value("SELECT last_error FROM outbox.rejection");
  expect_equal("u");
}

TEST_P(RenamedTable, IsVerifiedAndLoadedUnderItsNewNameAsWasAskedForUnderItsOldOne) {
  follow();
  stop(consumer);
  sql("SELECT outbox.request_verify('replica', '{public.t}'); SELECT outbox.request_load('replica', "
      "'{public.other}')");
  sql("BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE other RENAME TO t; ALTER TABLE x RENAME TO other; "
      "COMMIT");
  start_consumer();
  ASSERT_TRUE(eventually([this] {
    return value("SELECT bool_and(status = 'completed') FROM outbox.operation") == "t";
  })) << value("SELECT string_agg(kind || ' ' || status || coalesce(error, ''), ', ') FROM outbox.operation")
      << said();
  EXPECT_EQ(value("SELECT topic || ' ' || rows FROM outbox.operation_table WHERE operation = 1"),
            "public.t 1000");
  EXPECT_EQ(value("SELECT topic || ' ' || rows FROM outbox.operation_table WHERE operation = 2"),
            "public.other 10");
  EXPECT_EQ(value("SELECT topic FROM outbox.verified_table"), "public.other");
}

TEST_P(RenamedTable, IsRenamedAlsoWhereTheReplicaIsLoadedInPlace) {
  follow();
  stop(consumer);
  stop(producer);
  sql("BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE other RENAME TO t; ALTER TABLE x RENAME TO other; "
      "COMMIT; DELETE "
      "FROM other WHERE id > 500; ALTER TABLE other RENAME a TO c; SELECT outbox.require_load('replica', "
      "'for a test');"
      "TRUNCATE outbox.event");
  start_producer();
  catch_up();
  expect_equal("t");
  expect_equal("other");
}

TEST_P(RenamedTable, KeepsWritersOfARenamedSchemaInItsTable) {
  sql("CREATE SCHEMA live; ALTER TABLE t SET SCHEMA live");
  sql(GetParam() ? "SELECT outbox.subscribe('replica', topics => '{live.t}')"
                 : "SELECT outbox.subscribe('replica')");
  start_producer();
  start_consumer();
  expect_equal_soon("live.t", "live_t");
  postgres::Connection writer(conninfo, "writer");
  writer.query("BEGIN; INSERT INTO live.t VALUES (2000, 'early', 1)");
  sql("ALTER SCHEMA live RENAME TO old");
  ASSERT_TRUE(eventually([this] { return replica_has("SELECT count(*) FROM old_t", 1000); }));
  writer.query("COMMIT");
  expect_equal_soon("old.t", "old_t");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection"), "0");
}

TEST_P(RenamedTable, OrDroppedStaysHereAndItsNameCanBeUsedAgain) {
  follow();
  sql("DROP TABLE t; INSERT INTO other VALUES (11, 'y')");
  expect_equal_soon("other");
  EXPECT_EQ(replica().number("SELECT count(*) FROM t"), 1000);
  EXPECT_THAT(consumer->errors(), HasSubstr("what the SQLite file has of it stays"));
  sql("CREATE TABLE t (id text PRIMARY KEY, a int); INSERT INTO t VALUES ('x', 7); SELECT outbox.track('t')");
  expect_equal_soon("t");
  sql("DROP TABLE t; ALTER TABLE other RENAME TO t; INSERT INTO t VALUES (12, 'z')");
  expect_equal_soon("t");
  EXPECT_EQ(replica().number("SELECT count(*) FROM t_detached"), 1);
}

TEST_P(RenamedTable, MayGetAnotherKeyAndOtherTypes) {
  follow();
  sql("INSERT INTO t VALUES (1001, 'a1', 1)");
  sql("BEGIN; DELETE FROM t WHERE id = 1001; ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP "
      "CONSTRAINT t_pkey, "
      "ADD PRIMARY KEY (a); UPDATE t SET a = 'first' WHERE a = 'a1'; COMMIT; UPDATE t SET id = 1 WHERE id < "
      "50");
  expect_equal_soon("t");
  sql("ALTER TABLE t ALTER b TYPE text USING 'n' || b; DELETE FROM t WHERE a = 'a7'");
  expect_equal_soon("t");
  sql("CREATE TABLE u (LIKE t INCLUDING ALL); ALTER TABLE t DROP COLUMN a, ADD COLUMN n bigint GENERATED "
      "ALWAYS AS "
      "IDENTITY PRIMARY KEY; UPDATE t SET b = 'changed' WHERE n < 10");
  expect_equal_soon("t");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection"), "0");
}

TEST_P(RenamedTable, ReadsLabelsAndAttributesAsTheyAreCalledNow) {
  sql("CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE TYPE place AS (town text); ALTER TABLE t ADD COLUMN m "
      "mood, ADD "
      "COLUMN p place; UPDATE t SET m = 'sad', p = '(Rome)' WHERE id < 500");
  follow();
  postgres::Connection writer(conninfo, "writer");
  writer.query("BEGIN; UPDATE t SET a = 'early', m = 'sad' WHERE id = 600");
  sql("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; ALTER TYPE place RENAME ATTRIBUTE town TO city");
  ASSERT_TRUE(eventually([this] { return replica_has("SELECT count(*) FROM t WHERE m = 'low'", 499); }));
  writer.query("COMMIT");
  expect_equal_soon("t");
}

}  // namespace
}  // namespace mailboat::test
