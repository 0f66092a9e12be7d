// Source and replica compared while life goes on, through the real programs.
#include <SQLiteCpp/SQLiteCpp.h>
#include <csignal>

#include "tests/integration/changer.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

class Verify : public Pipeline {
 protected:
  void SetUp() override {
    sql("CREATE TABLE item (id int PRIMARY KEY, region text NOT NULL DEFAULT 'eu', price numeric(20, 6), at "
        "timestamptz DEFAULT '2026-01-01', raw bytea DEFAULT '\\x00ff', ok boolean DEFAULT true, f float8 "
        "DEFAULT 'NaN');"
        "INSERT INTO item (id, price) SELECT n, n * 1.5 FROM generate_series(1, 1000) n;"
        "SELECT outbox.track('item')");
  }

  void follow() {
    subscribe();
    start_producer();
    start_consumer();
    ASSERT_TRUE(eventually([this] { return replica_has("SELECT finished FROM _mailboat_load", 1); }))
        << said();
  }

  /// What somebody with sqlite3 at hand does to the replica.
  void damage(const std::string& statement) {
    SQLite::Database database(file(), SQLite::OPEN_READWRITE, 10'000);
    ASSERT_EQ(database.exec(statement), 1) << statement;
  }

  std::string request(const std::string& more = "") {
    return value("SELECT outbox.request_verify('replica'" + more + ")");
  }
  bool finished(const std::string& operation) {
    return value("SELECT finished_at IS NOT NULL FROM outbox.operation WHERE id = " + operation) == "t";
  }
  /// status, rows, missing, extra, different, repaired of the operation's tables
  std::string outcome(const std::string& operation) {
    EXPECT_TRUE(eventually([&] { return finished(operation); })) << said();
    return value(
        "SELECT string_agg(concat_ws(' ', status, rows, missing, extra, different, repaired, error), '; ' "
        "ORDER BY place) FROM outbox.operation_table WHERE operation = " +
        operation);
  }
  std::vector<std::string> differences(const std::string& operation) {
    const auto rows =
        sql("SELECT concat_ws(' ', topic, kind, key, columns::text, repaired::text, error) FROM "
            "outbox.difference WHERE operation = " +
            operation + " ORDER BY topic, key");
    std::vector<std::string> found;
    for (int row = 0; row < rows.size(); ++row) found.emplace_back(rows.text(row, 0));
    return found;
  }
  void damage_three_rows() {
    damage("UPDATE item SET price = 0, ok = 0 WHERE id = 7");
    damage("DELETE FROM item WHERE id = 8");
    damage("INSERT INTO item (id, region, _version) VALUES (2000, 'us', 999999999999)");
  }
};

using Texts = std::vector<std::string>;

TEST_F(Verify, FindsNothingInARightReplica) {
  follow();
  EXPECT_EQ(outcome(request()), "completed 1000 0 0 0 0");
  EXPECT_EQ(value("SELECT topic FROM outbox.verified_table WHERE subscription = 'replica'"), "public.item");
  EXPECT_FALSE(replica().has_table("_mailboat_seen_row"));
  EXPECT_TRUE(eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_verification", 0); }));
}

TEST_F(Verify, ReportsExactlyWhatIsWrongWithKeyAndColumn) {
  follow();
  damage_three_rows();
  const auto operation = request();
  EXPECT_EQ(outcome(operation), "completed 1000 1 1 1 0");
  EXPECT_EQ(differences(operation), (Texts{"public.item extra \"id\" = 2000 {} false",
                                           "public.item different \"id\" = 7 {price,ok} false",
                                           "public.item missing \"id\" = 8 {} false"}));
  EXPECT_EQ(value("SELECT count(*) FROM outbox.verified_table"), "0");
}

TEST_F(Verify, RepairMendsJustThose) {
  follow();
  const auto others = [this] {
    return replica().number("SELECT sum(_version) FROM item WHERE id NOT IN (7, 8, 2000)");
  };
  const auto before = others();
  damage_three_rows();
  const auto operation = request(", repair => true");
  EXPECT_EQ(outcome(operation), "completed 1000 1 1 1 3");
  EXPECT_EQ(others(), before) << "rows that were right have been written";
  expect_equal("item");
  EXPECT_EQ(outcome(request()), "completed 1000 0 0 0 0");
}

TEST_F(Verify, WritesNothingToAReplicaThatIsOnlyCompared) {
  follow();
  damage_three_rows();
  const auto all = [this] { return replica().rows("SELECT * FROM item ORDER BY id"); };
  const auto before = all();
  outcome(request());
  EXPECT_EQ(all(), before);
}

TEST_F(Verify, RaisesNoFalseAlarmUnderWrites) {
  sql("CREATE TABLE t_text (id text DEFAULT md5(random()::text) PRIMARY KEY, n int, body text);"
      "CREATE TABLE t_int (id bigint DEFAULT (random() * 1e15)::bigint PRIMARY KEY, n int, body text);"
      "CREATE INDEX ON t_text (n); CREATE INDEX ON t_int (n);"
      "INSERT INTO t_text (n, body) SELECT n, repeat('x', 200) FROM generate_series(1, 20000) n;"
      "INSERT INTO t_int (n, body) SELECT n, repeat('x', 200) FROM generate_series(1, 20000) n;"
      "SELECT outbox.track('t_text'), outbox.track('t_int')");
  follow();
  ASSERT_TRUE(
      eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_load WHERE finished", 3); }));
  // One that takes its event ids early and commits while the verification runs.
  postgres::Connection late(conninfo, "late");
  late.query("BEGIN; INSERT INTO t_text (n, body) VALUES (0, 'late')");
  {
    const Changer changer(conninfo, {"t_text", "t_int"});
    ASSERT_TRUE(eventually([&] { return changer.transactions() > 10; }));
    for (int round = 0; round < 3; ++round) {
      const auto operation = request();
      const auto by_then = changer.transactions();
      ASSERT_TRUE(eventually([&] { return changer.transactions() > by_then + 5; }));
      if (round == 0) late.query("COMMIT");
      EXPECT_TRUE(outcome(operation).find(" 0 0 0 0;") != std::string::npos) << outcome(operation);
      EXPECT_EQ(differences(operation), Texts{}) << said();
      EXPECT_EQ(
          value("SELECT count(*) FROM outbox.operation_table WHERE status = 'completed' AND operation = " +
                operation),
          "3");
    }
  }
}

TEST_F(Verify, FindsRowsThatTasksKeepFromTheReplica) {
  follow();
  damage("UPDATE item SET price = 1 WHERE id = 9");
  {
    SQLite::Database database(file(), SQLite::OPEN_READWRITE, 10'000);
    database.exec("CREATE UNIQUE INDEX one_price ON item (price)");
  }
  sql("UPDATE item SET price = 15 WHERE id = 11");  // which item 10 has
  ASSERT_TRUE(eventually([this] { return value("SELECT count(*) FROM outbox.rejection") == "1"; })) << said();
  const auto operation = request(", repair => true");
  EXPECT_EQ(outcome(operation), "completed 1000 0 0 2 1")
      << "one is mended, the other refused as the event was";
  const auto found = differences(operation);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].find("public.item different \"id\" = 11 {price} false SQLite says: UNIQUE"), 0U)
      << found[0];
}

TEST_F(Verify, TakesTheTablesThatAreNamedOneAfterTheOther) {
  sql("CREATE TABLE other (a text, b int, PRIMARY KEY (a, b)); INSERT INTO other VALUES ('x''y', 1), ('z', "
      "2);"
      "SELECT outbox.track('other')");
  follow();
  ASSERT_TRUE(
      eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_load WHERE finished", 2); }));
  damage("DELETE FROM other WHERE b = 1");
  const auto operation = request(", topics => '{public.other}'");
  EXPECT_EQ(outcome(operation), "completed 2 1 0 0 0");
  EXPECT_EQ(differences(operation), Texts{"public.other missing \"a\" = 'x''y' AND \"b\" = 1 {} false"});
  EXPECT_EQ(outcome(request()), "completed 1000 0 0 0 0; completed 2 1 0 0 0");
}

TEST_F(Verify, GoesOnWithWhoeverServesTheReplicaNext) {
  sql("CREATE TABLE t_int (id serial PRIMARY KEY, n int, body text);"
      "INSERT INTO t_int (n, body) SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n;"
      "SELECT outbox.track('t_int')");
  follow();
  ASSERT_TRUE(
      eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_load WHERE finished", 2); }));
  damage("DELETE FROM t_int WHERE id = 3");
  const auto operation = request(", topics => '{public.t_int}', repair => true");
  for (auto* program : {&producer, &consumer, &producer}) {
    (*program)->kill(SIGKILL);
    program->reset();
    if (program == &producer) {
      start_producer();
    } else {
      start_consumer();
    }
  }
  EXPECT_EQ(outcome(operation), "completed 60000 1 0 0 1") << said();
  expect_equal("t_int");
}

TEST_F(Verify, ACancelledOneEndsAndTheNextBeginsAnew) {
  follow();
  stop(consumer);
  const auto first = request();
  sql("SELECT outbox.cancel(" + first + ")");
  const auto second = request();
  start_consumer();
  EXPECT_EQ(outcome(second), "completed 1000 0 0 0 0");
  EXPECT_EQ(outcome(first), "cancelled 0 0 0 0 0");
}

TEST_F(Verify, WaitsForTheLoadOfItsTable) {
  follow();
  const auto load = value("SELECT outbox.request_load('replica')");
  const auto operation = request();
  EXPECT_EQ(outcome(operation), "completed 1000 0 0 0 0");
  EXPECT_TRUE(finished(load));
}

TEST_F(Verify, AScheduleAsksForItByItself) {
  consumer_options = {"--verify-every", "1min"};
  subscribe();
  sql("UPDATE outbox.subscription SET created_at = now() - interval '1 hour', acked_at = now()");
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([this] { return value("SELECT count(*) FROM outbox.verified_table") == "1"; },
                         std::chrono::seconds(100)))
      << said();
  EXPECT_EQ(value("SELECT requested_by FROM outbox.operation"), "the consumer's verify-every");
}

class RequestedLoad : public Verify {};

TEST_F(RequestedLoad, ReplacesRowsInPlaceAndTakesAwayWhatIsNotThere) {
  follow();
  damage("UPDATE item SET price = 0, ok = 0 WHERE id = 7");
  damage("DELETE FROM item WHERE id = 8");
  damage("INSERT INTO item (id, region, _version) VALUES (2000, 'us', 0)");
  const auto operation = value("SELECT outbox.request_load('replica')");
  EXPECT_EQ(outcome(operation), "completed 1000 0 0 0 0");
  expect_equal("item");
}

TEST_F(RequestedLoad, GoesOnWithWhoeverServesTheReplicaNext) {
  sql("CREATE TABLE t_int (id serial PRIMARY KEY, n int, body text);"
      "INSERT INTO t_int (n, body) SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n;"
      "SELECT outbox.track('t_int')");
  follow();
  ASSERT_TRUE(
      eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_load WHERE finished", 2); }));
  const auto operation = value("SELECT outbox.request_load('replica')");
  ASSERT_TRUE(eventually(
      [&] { return value("SELECT status FROM outbox.operation WHERE id = " + operation) != "requested"; }));
  producer->kill(SIGKILL);
  start_producer();
  EXPECT_EQ(outcome(operation), "completed 1000 0 0 0 0; completed 60000 0 0 0 0") << said();
  EXPECT_GT(replica().number("SELECT min(first_chunk) FROM _mailboat_load"), 1);
  expect_equal("t_int");
}

TEST_F(RequestedLoad, ReadersAlwaysSeeTheWholeTable) {
  sql("CREATE TABLE t_int (id serial PRIMARY KEY, n int, body text);"
      "INSERT INTO t_int (n, body) SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) n;"
      "SELECT outbox.track('t_int')");
  follow();
  ASSERT_TRUE(
      eventually([this] { return replica_has("SELECT count(*) FROM _mailboat_load WHERE finished", 2); }));
  const auto operation = value("SELECT outbox.request_load('replica', '{public.t_int}')");
  int reads = 0;
  for (; !finished(operation) && reads < 10'000; ++reads) {
    ASSERT_EQ(replica().number("SELECT count(*) FROM t_int WHERE body IS NOT NULL"), 30'000);
  }
  EXPECT_GT(reads, 2);
  EXPECT_EQ(outcome(operation), "completed 30000 0 0 0 0");
}

TEST_F(RequestedLoad, OfATableThatIsUntrackedMeanwhileFails) {
  follow();
  stop(consumer);
  const auto operation = value("SELECT outbox.request_load('replica')");
  sql("SELECT outbox.untrack('item')");
  start_consumer();
  EXPECT_EQ(outcome(operation), "failed 0 0 0 0 0 it is no longer tracked");
}

}  // namespace
}  // namespace mailboat::test
