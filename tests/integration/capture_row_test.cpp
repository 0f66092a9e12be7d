#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Promises that hold in both capture modes.
class Capture : public Outbox, public ::testing::WithParamInterface<const char*> {
 protected:
  void track(const std::string& table, const std::string& options = "") {
    sql("SELECT outbox.track('" + table + "', capture => '" + GetParam() + "'" + options + ")");
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, Capture, ::testing::Values("row", "statement"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(Capture, WritesWhatWasInsertedUpdatedDeletedAndTruncated) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
  track("t");
  sql("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
  sql("UPDATE t SET v = 'b' WHERE id = 1");
  sql("DELETE FROM t WHERE id = 2");
  sql("TRUNCATE t");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":2,"v":null})",
                                     R"(U {"id":1,"v":"b"})", R"(D {"id" : 2})", "T"));
}

TEST_P(Capture, WritesAChangeOfKeyAsDeleteAndUpdate) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
  track("t");
  sql("INSERT INTO t VALUES (1, 'a')");
  sql("UPDATE t SET id = 2");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"id" : 1})", R"(U {"id":2,"v":"a"})"));
}

TEST_P(Capture, TellsKeysApartThatAreEqualButReadDifferently) {
  sql("CREATE TABLE t (id numeric PRIMARY KEY)");
  track("t");
  sql("INSERT INTO t VALUES (1.0)");
  sql("UPDATE t SET id = 1.00");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1.0})", R"(D {"id" : 1.0})", R"(U {"id":1.00})"));
}

TEST_P(Capture, KeepsExcludedColumnsOutOfTheLog) {
  sql("CREATE TABLE t (id int PRIMARY KEY, secret text, v text)");
  track("t", ", exclude => '{secret}'");
  sql("INSERT INTO t VALUES (1, 'hidden', 'a')");
  sql("UPDATE t SET secret = 'hidden too', id = 2");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"id" : 1})", R"(U {"id":2,"v":"a"})"));
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event WHERE payload::text LIKE '%hidden%'"), "0");
}

TEST_P(Capture, KeepsTheOrderOfACompositeKeyAndAnyName) {
  sql(R"(CREATE SCHEMA "My Schema";
         CREATE TABLE "My Schema"."Tä'b""le" ("Ö ""k" int, n int, "new" text, PRIMARY KEY (n, "Ö ""k")))");
  track(R"("My Schema"."Tä''b""le")");
  sql(R"(INSERT INTO "My Schema"."Tä'b""le" VALUES (1, 2, 'x'); DELETE FROM "My Schema"."Tä'b""le")");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"Ö \"k":1,"n":2,"new":"x"})", R"(D {"n" : 2, "Ö \"k" : 1})"));
  EXPECT_EQ(described("My Schema.Tä'b\"le", "key"), R"(["n", "Ö \"k"])");
}

TEST_P(Capture, SurvivesColumnsNamedLikeItsOwnVariables) {
  sql("CREATE TABLE t (id int PRIMARY KEY, now int, image int, gone int, change int, was int, new_rows int, "
      "tg_op int)");
  track("t");
  sql("INSERT INTO t VALUES (1, 1, 1, 1, 1, 1, 1, 1); UPDATE t SET id = 2; SELECT "
      "set_config('outbox.nested', 'on', false)");
  sql("UPDATE t SET id = 3; DELETE FROM t");
  expect_log_makes_table("t");
}

TEST_P(Capture, LogsOnlyWhatWasCommitted) {
  sql("CREATE TABLE t (id int PRIMARY KEY)");
  track("t");
  sql("BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s; INSERT INTO t "
      "VALUES (3);"
      "COMMIT");
  sql("BEGIN; INSERT INTO t VALUES (4); ROLLBACK");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1})", R"(I {"id":3})"));
  EXPECT_EQ(value("SELECT count(DISTINCT txid) FROM outbox.event WHERE op = 'I'"), "1")
      << "savepoints are one transaction";
}

TEST_P(Capture, WritesValuesThatDoNotDependOnTheSession) {
  sql("CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b bytea, c interval, d float8, e tstzrange, f "
      "date[])");
  track("t");
  const std::string insert =
      " '2024-01-01 00:00+00', decode('00ff', 'hex'), make_interval(days => 1, hours => 2), 0.1::float8 + "
      "0.2::float8,"
      "tstzrange('2024-01-01 00:00+00', NULL), ARRAY[make_date(2024, 5, 31)])";
  sql("INSERT INTO t VALUES (1," + insert);
  sql("SET TimeZone = 'Asia/Tokyo'; SET bytea_output = 'escape'; SET IntervalStyle = 'iso_8601';"
      "SET extra_float_digits = -3; SET DateStyle = 'German, DMY'");
  sql("INSERT INTO t VALUES (2," + insert);
  EXPECT_EQ(value("SELECT count(DISTINCT payload::jsonb - 'id') FROM outbox.event WHERE op = 'I'"), "1");
  EXPECT_THAT(
      changes()[1],
      HasSubstr(
          R"("a":"2024-01-01T00:00:00+00:00","b":"\\x00ff","c":"1 day 02:00:00","d":0.30000000000000004)"));
}

TEST_P(Capture, WorksWithKeysOfAnExtensionsType) {
  if (value("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'") == "0") {
    GTEST_SKIP() << "needs the extension citext (package postgresql-contrib)";
  }
  sql("CREATE EXTENSION citext; CREATE TABLE t (id citext PRIMARY KEY); SELECT set_config('outbox.nested', "
      "'on', false)");
  track("t");
  sql("INSERT INTO t VALUES ('a'), ('c'); UPDATE t SET id = 'A' WHERE id = 'a'; DELETE FROM t WHERE id = "
      "'C'");
  expect_log_makes_table("t");
}

TEST_P(Capture, CapturesPgbenchTables) {
  sql("CREATE TABLE pgbench_accounts (id int NOT NULL, bid int, abalance int, filler char(84)) WITH "
      "(fillfactor = 100);"
      "INSERT INTO pgbench_accounts SELECT i, 1, 0, '' FROM generate_series(1, 100) i;"
      "ALTER TABLE pgbench_accounts ADD PRIMARY KEY (id)");
  track("pgbench_accounts");
  sql("UPDATE pgbench_accounts SET abalance = abalance + 1");
  expect_log_makes_table("pgbench_accounts");
}

}  // namespace
}  // namespace mailboat::test
