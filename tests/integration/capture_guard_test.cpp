// What cannot be written as JSON is the replica's trouble, not the application's.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Guard : public Outbox, public ::testing::WithParamInterface<const char*> {
 protected:
  // A type whose values' JSON is what their name says: an error of this code.
  Guard() {
    sql("CREATE TYPE state AS ENUM ('ok', '22000', '40001', '57014');"
        "CREATE FUNCTION as_json(s state) RETURNS json LANGUAGE plpgsql AS $$ BEGIN"
        "  IF s = 'ok' THEN RETURN '\"ok\"'; END IF; RAISE 'no JSON for it' USING ERRCODE = s::text; END $$;"
        "CREATE CAST (state AS json) WITH FUNCTION as_json(state)");
  }

  void track(const std::string& table, const std::string& options = "") {
    sql("SELECT outbox.track('" + table + "', capture => '" + GetParam() + "'" + options + ")");
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, Guard, ::testing::Values("row", "statement"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(Guard, LetsTheApplicationsStatementSucceedAndLogsTheChangeWithoutContent) {
  sql("CREATE TABLE t (id int PRIMARY KEY, s state)");
  track("t");
  sql("INSERT INTO t VALUES (1, 'ok'), (2, '22000'), (3, 'ok'); UPDATE t SET s = '22000' WHERE id = 3;"
      "UPDATE t SET s = 'ok'; DELETE FROM t WHERE id = 2");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"s":"ok"})", "I", R"(I {"id":3,"s":"ok"})", "U",
                                     R"(U {"id":1,"s":"ok"})", R"(U {"id":2,"s":"ok"})",
                                     R"(U {"id":3,"s":"ok"})", R"(D {"id" : 2})"));
}

TEST_P(Guard, StillLogsThatTheOldKeyIsGone) {
  sql("CREATE TABLE t (id int PRIMARY KEY, s state)");
  track("t");
  sql("INSERT INTO t VALUES (1, 'ok'); UPDATE t SET id = 2, s = '22000'");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"s":"ok"})", R"(D {"id" : 1})", "U"));
}

TEST_P(Guard, LooksIntoArraysCompositesAndDomains) {
  sql("CREATE DOMAIN outcome AS state; CREATE TYPE result AS (o outcome[]); CREATE TABLE t (id int PRIMARY "
      "KEY, r result[])");
  track("t");
  sql("INSERT INTO t VALUES (1, ARRAY[ROW(ARRAY['22000'])::result])");
  EXPECT_THAT(changes(), ElementsAre("I"));
}

TEST_P(Guard, HoldsForRowsThatTriggersHaveChanged) {
  sql("CREATE TABLE t (id int PRIMARY KEY, s state); CREATE TABLE cause (id int);"
      "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET s = '22000'; "
      "RETURN NULL; END $$;"
      "CREATE TRIGGER change AFTER INSERT ON cause FOR EACH ROW EXECUTE FUNCTION change()");
  track("t");
  sql("INSERT INTO t VALUES (1, 'ok'); INSERT INTO cause VALUES (1)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"s":"ok"})", "U"));
}

TEST_P(Guard, HoldsForKeys) {
  sql("CREATE TABLE t (s state PRIMARY KEY, n int)");
  track("t");
  sql("INSERT INTO t VALUES ('22000', 1); UPDATE t SET s = 'ok'; UPDATE t SET n = 2; DELETE FROM t");
  const auto logged = changes();
  EXPECT_EQ(logged.front(), "I");
  EXPECT_THAT(logged.back(), HasSubstr("D {\"s\""));
  EXPECT_EQ(value("SELECT count(*) FROM t"), "0");
}

TEST_P(Guard, LeavesAnExcludedColumnAlone) {
  sql("CREATE TABLE t (id int PRIMARY KEY, s state, n int)");
  track("t", ", exclude => '{s}'");
  sql("INSERT INTO t VALUES (1, '22000', 5)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"n":5})"));
}

TEST_P(Guard, LeavesAFailedTransactionAndACancellationToTheApplication) {
  sql("CREATE TABLE t (id int PRIMARY KEY, s state)");
  track("t");
  EXPECT_THAT(refusal("INSERT INTO t VALUES (1, '40001')"), HasSubstr("no JSON for it"));
  EXPECT_THAT(refusal("INSERT INTO t VALUES (1, '57014')"), HasSubstr("no JSON for it"));
  EXPECT_TRUE(changes().empty());
}

TEST_P(Guard, TakesNoTransactionIds) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v text, s state)");
  track("t");
  sql("BEGIN; INSERT INTO t SELECT i, repeat('x', i * 1000), 'ok' FROM generate_series(1, 100) i;"
      "UPDATE t SET v = 'y' WHERE id < 50; DELETE FROM t WHERE id = 1; COMMIT");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event WHERE op <> 'R'"), "150");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event WHERE xmin::text::bigint <> txid::text::bigint"), "0")
      << "written by a subtransaction, which has an id of its own";
}

TEST_F(Outbox, APartitionWithARowThatCannotBeWrittenIsAttachedAllTheSame) {
  sql("CREATE TYPE state AS ENUM ('bad'); CREATE FUNCTION as_json(s state) RETURNS json LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE 'no JSON for it'; END $$; CREATE CAST (state AS json) WITH FUNCTION as_json(state);"
      "CREATE TABLE p (id int PRIMARY KEY, s state) PARTITION BY RANGE (id); CREATE TABLE leaf (LIKE p "
      "INCLUDING ALL);"
      "INSERT INTO leaf VALUES (1, 'bad'), (2, NULL); SELECT outbox.track('p');"
      "ALTER TABLE p ATTACH PARTITION leaf FOR VALUES FROM (0) TO (10)");
  EXPECT_THAT(changes(), ElementsAre("U", R"(U {"id":2,"s":null})"));
}

TEST_F(Outbox, DescribesDomainsAndCompositesByWhatTheyAreMadeOf) {
  sql("CREATE DOMAIN cents AS numeric(10,2); CREATE TYPE inner_part AS (\"a b\" cents[], gone int, j jsonb);"
      "ALTER TYPE inner_part DROP ATTRIBUTE gone; CREATE TYPE whole AS (i inner_part[], n int);"
      "CREATE DOMAIN spot AS whole; CREATE TABLE t (id int PRIMARY KEY, w spot[]); SELECT outbox.track('t')");
  EXPECT_EQ(value("SELECT description -> 'columns' -> 1 ->> 'type' FROM outbox.relation"),
            "public.whole{i public.inner_part{\"a b\" numeric(10,2)[], j jsonb}[], n integer}[]");
}

}  // namespace
}  // namespace mailboat::test
