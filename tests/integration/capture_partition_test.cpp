#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PartitionCapture : public Outbox {
 protected:
  PartitionCapture() {
    sql("CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
        "CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);"
        "SELECT outbox.track('t');"
        "CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (20);");
  }
};

TEST_F(PartitionCapture, LogsEveryPartitionUnderTheParentsTopic) {
  sql("INSERT INTO t VALUES (1, 'a'); INSERT INTO t_high VALUES (11, 'b')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":11,"v":"b"})"));
  EXPECT_EQ(value("SELECT string_agg(DISTINCT topic, ',') FROM outbox.event"), "public.t");
}

TEST_F(PartitionCapture, LogsARowThatMovesBetweenPartitions) {
  sql("INSERT INTO t VALUES (1, 'a'); UPDATE t SET id = 11");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"id" : 1})", R"(I {"id":11,"v":"a"})"));
}

TEST_F(PartitionCapture, LogsTruncateOfTheParentAsOneEvent) {
  sql("INSERT INTO t VALUES (1, 'a'), (11, 'b'); TRUNCATE t");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":11,"v":"b"})", "T"));
}

TEST_F(PartitionCapture, LogsTruncateOfOnePartitionRowByRow) {
  sql("INSERT INTO t VALUES (1, 'a'), (11, 'b'), (12, 'c')");
  sql("TRUNCATE t_high");
  expect_log_makes_table("t");
  sql("TRUNCATE t_low");
  expect_log_makes_table("t");
  sql("BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 'again'); TRUNCATE t_low; COMMIT");
  expect_log_makes_table("t");
}

TEST_F(PartitionCapture, LogsTheRowsThatAPartitionBringsAndTakesAway) {
  sql("CREATE TABLE t_more (v text, gone int, id int NOT NULL); ALTER TABLE t_more DROP COLUMN gone;"
      "INSERT INTO t_more VALUES ('came', 21)");
  sql("ALTER TABLE t ATTACH PARTITION t_more FOR VALUES FROM (20) TO (30)");
  EXPECT_THAT(changes(), ElementsAre(R"(U {"v":"came","id":21})"));
  sql("ALTER TABLE t DETACH PARTITION t_more; INSERT INTO t_more VALUES ('alone', 22); TRUNCATE t_more");
  EXPECT_THAT(changes(), ElementsAre(R"(U {"v":"came","id":21})", R"(D {"id" : 21})"));
}

TEST_F(PartitionCapture, LogsAPartitionDetachedConcurrently) {
  if (std::stoi(value("SHOW server_version_num")) < 140000) GTEST_SKIP() << "came with PostgreSQL 14";
  sql("INSERT INTO t VALUES (1, 'a'), (11, 'b')");
  sql("ALTER TABLE t DETACH PARTITION t_low CONCURRENTLY");
  expect_log_makes_table("t");
}

TEST_F(PartitionCapture, AsksForAReloadWhenAPartitionIsDroppedWithItsRows) {
  sql("INSERT INTO t VALUES (11, 'a'); ALTER TABLE t ADD COLUMN w int");
  EXPECT_EQ(described("public.t", "load"), "false");
  sql("DROP TABLE t_high");
  EXPECT_EQ(described("public.t", "load"), "true");
}

TEST_F(PartitionCapture, LetsTheTablesOwnerCreatePartitions) {
  const std::string owner = create_role();
  sql("GRANT CREATE ON SCHEMA public TO " + owner + "; ALTER TABLE t OWNER TO " + owner + "; SET ROLE " +
      owner);
  sql("CREATE TABLE t_own PARTITION OF t FOR VALUES FROM (20) TO (30); INSERT INTO t VALUES (21, 'a'); "
      "TRUNCATE t_own");
  EXPECT_NO_THROW(sql("RESET ROLE"));
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":21,"v":"a"})", R"(D {"id" : 21})"));
}

TEST_F(PartitionCapture, FollowsSchemaChangesOfTheParent) {
  sql("INSERT INTO t VALUES (1, 'a'); ALTER TABLE t RENAME v TO w; ALTER TABLE t ADD COLUMN n int DEFAULT 7");
  EXPECT_EQ(described("public.t", "load"), "true") << "rows from before have a value in the new column";
  sql("INSERT INTO t VALUES (11, 'b')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":11,"w":"b","n":7})"));
}

TEST_F(PartitionCapture, LeavesNothingBehindWhenUntracked) {
  sql("SELECT outbox.untrack('t')");
  EXPECT_EQ(value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%outbox%'"), "0");
  EXPECT_EQ(value("SELECT count(*) FROM pg_proc WHERE proname ~ '^capture_\\d'"), "0");
  EXPECT_EQ(value("SELECT has_table_privilege('outbox_capture', 't_low', 'SELECT')"), "f");
}

TEST_F(PartitionCapture, IsRefusedForAPartitionAndByStatement) {
  EXPECT_THAT(refusal("SELECT outbox.track('t_low')"),
              HasSubstr("is a partition of a table that is tracked already"));
  EXPECT_THAT(refusal("SELECT outbox.track('t', capture => 'statement')"),
              HasSubstr("would miss statements"));
}

}  // namespace
}  // namespace mailboat::test
