#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SchemaChange : public Outbox {
 protected:
  SchemaChange() {
    sql("CREATE TABLE t (id int PRIMARY KEY, v text, secret text);"
        "SELECT outbox.track('t', exclude => '{secret}')");
  }
};

TEST_F(SchemaChange, StandsInTheLogExactlyWhereItHappened) {
  sql("INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE t RENAME v TO w; INSERT INTO t VALUES (2, 'b', 's')");
  EXPECT_EQ(value("SELECT string_agg(op::text, '' ORDER BY id) FROM outbox.event"), "RIRI");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":2,"w":"b"})"));
  EXPECT_EQ(described("public.t", "load"), "false") << "a rename changes no row";
}

TEST_F(SchemaChange, IsRolledBackWithItsTransaction) {
  sql("BEGIN; ALTER TABLE t RENAME v TO w; ROLLBACK; INSERT INTO t VALUES (1, 'a', 's')");
  EXPECT_EQ(descriptions("public.t"), "1");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})"));
}

TEST_F(SchemaChange, KeepsATwinOfEveryDescriptionForGood) {
  sql("ALTER TABLE t ADD COLUMN n int; ALTER TABLE t DROP COLUMN v");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.relation"), "3");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event e JOIN outbox.relation r ON r.event_id = e.id AND "
                  "r.txid = e.txid "
                  "WHERE e.op = 'R' AND e.payload::text = r.description::text AND e.topic = r.topic"),
            "3");
}

TEST_F(SchemaChange, AsksForALoadOnlyWhenRowsMayDiffer) {
  const auto load_after = [this](const std::string& change) {
    sql(change);
    return described("public.t", "load");
  };
  EXPECT_EQ(load_after("ALTER TABLE t ADD COLUMN a int"), "false");
  EXPECT_EQ(load_after("ALTER TABLE t ADD COLUMN b int DEFAULT 7"), "true");
  EXPECT_EQ(load_after("ALTER TABLE t DROP COLUMN b"), "false");
  EXPECT_EQ(load_after("ALTER TABLE t ADD COLUMN c timestamptz DEFAULT clock_timestamp()"), "true");
  EXPECT_EQ(load_after("ALTER TABLE t ALTER a TYPE bigint"), "true");
  EXPECT_EQ(load_after("ALTER TABLE t ADD COLUMN d varchar(10)"), "false");
  EXPECT_EQ(load_after("ALTER TABLE t ALTER d TYPE varchar(20)"), "false");
  EXPECT_EQ(load_after("ALTER TABLE t ALTER d TYPE text"), "false") << "the same text";
  EXPECT_EQ(load_after("ALTER TABLE t ADD COLUMN e int GENERATED ALWAYS AS (id + 1) STORED"), "true");
}

TEST_F(SchemaChange, OfAGeneratedColumnsExpressionAsksForALoad) {
  if (std::stoi(value("SHOW server_version_num")) < 170000) GTEST_SKIP() << "came with PostgreSQL 17";
  sql("ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (id + 1) STORED");
  sql("ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)");
  EXPECT_EQ(descriptions("public.t"), "3");
  EXPECT_EQ(described("public.t", "load"), "true");
}

TEST_F(SchemaChange, ThatChangesNothingForReplicasIsNotLogged) {
  sql("ALTER TABLE t SET (fillfactor = 90); ALTER TABLE t SET UNLOGGED; ALTER TABLE t SET LOGGED;"
      "CREATE INDEX ON t (v); DROP INDEX t_v_idx; ALTER TABLE t ALTER v SET DEFAULT 'x'");
  sql("VACUUM FULL t");
  EXPECT_EQ(descriptions("public.t"), "1");
}

TEST_F(SchemaChange, KeepsAnExcludedColumnOutUnderItsNewName) {
  sql("ALTER TABLE t RENAME secret TO password; INSERT INTO t VALUES (1, 'a', 'hidden'); ALTER TABLE t ADD "
      "COLUMN n int;"
      "INSERT INTO t VALUES (2, 'a', 'hidden')");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event WHERE payload::text ~ 'hidden|password'"), "0");
  EXPECT_EQ(value("SELECT exclude FROM outbox.tracked"), "{password}");
}

TEST_F(SchemaChange, ReachesATrackedTableThroughItsParent) {
  sql("CREATE TABLE parent (a int); CREATE TABLE child (id int PRIMARY KEY) INHERITS (parent); SELECT "
      "outbox.track('child')");
  sql("ALTER TABLE parent RENAME a TO b");
  EXPECT_THAT(described("public.child", "columns"), HasSubstr("\"b\""));
}

TEST_F(SchemaChange, IsFollowedWhenTheTablesOwnerMakesIt) {
  const std::string owner = create_role();
  sql("GRANT CREATE ON SCHEMA public TO " + owner + "; ALTER TABLE t OWNER TO " + owner + "; SET ROLE " +
      owner);
  sql("ALTER TABLE t RENAME v TO w; INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE t RENAME TO u; RESET "
      "ROLE");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"w":"a"})"));
  EXPECT_EQ(described("public.u", "renamed_from"), "public.t");
}

TEST_F(SchemaChange, DoesNotStandInTheWayOfDroppingTheOutboxItself) {
  sql("DROP SCHEMA outbox CASCADE; INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE t RENAME v TO w; DROP "
      "TABLE t");
  EXPECT_EQ(value("SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'outbox%'"), "0");
}

}  // namespace
}  // namespace mailboat::test
