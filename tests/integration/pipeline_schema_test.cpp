// Schema changes on a running pipeline: they stand in the log exactly where they happened.
#include <gmock/gmock.h>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;

class Schema : public Pipeline {
 protected:
  void follow(const std::string& statements) {
    sql(statements);
    subscribe();
    start_producer();
    start_consumer();
    expect_equal_soon("t");
  }
  bool replica_has_column(const std::string& name) {
    return replica().number("SELECT count(*) FROM pragma_table_info('t') WHERE name = '" + name + "'") == 1;
  }
};

constexpr auto table =
    "CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t SELECT n, 'a' || n, n FROM "
    "generate_series(1, 1000) n; SELECT outbox.track('t')";

TEST_F(Schema, AnAddedColumnIsAdded) {
  follow(table);
  sql("ALTER TABLE t ADD COLUMN c timestamptz; UPDATE t SET c = '2024-01-01 00:00+02' WHERE id = 1; INSERT "
      "INTO "
      "t VALUES (2000, 'x', 1, now())");
  expect_equal_soon("t");
}

TEST_F(Schema, AnAddedColumnWithADefaultHasItInExistingRows) {
  follow(table);
  sql("ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 42; INSERT INTO t VALUES (2000, 'x', 1, 43); UPDATE t "
      "SET "
      "a = 'changed' WHERE id = 5; DELETE FROM t WHERE id = 6");
  expect_equal_soon("t");
  EXPECT_EQ(replica().number("SELECT count(*) FROM t WHERE c = 42"), 999);
}

TEST_F(Schema, AnAddedColumnWithAVolatileDefaultHasItsValues) {
  follow(table);
  sql("ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()");
  expect_equal_soon("t");
}

TEST_F(Schema, ARenamedColumnIsRenamed) {
  follow(table);
  sql("UPDATE t SET a = 'before' WHERE id = 1; ALTER TABLE t RENAME COLUMN a TO \"ä b\"; UPDATE t SET \"ä "
      "b\" = "
      "'after' WHERE id = 2");
  expect_equal_soon("t");
  EXPECT_FALSE(replica_has_column("a"));
}

TEST_F(Schema, ARenamedKeyColumnStaysTheKey) {
  follow(table);
  sql("ALTER TABLE t RENAME COLUMN id TO number; UPDATE t SET number = number + 5000 WHERE number % 2 = 0; "
      "DELETE "
      "FROM t WHERE number < 100");
  expect_equal_soon("t");
}

TEST_F(Schema, ColumnsThatSwapNamesKeepTheirValues) {
  follow(table);
  sql("ALTER TABLE t ALTER COLUMN b TYPE text");
  sql("BEGIN; ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b; COMMIT");
  sql("UPDATE t SET a = 'now in a' WHERE id = 1");
  expect_equal_soon("t");
}

TEST_F(Schema, ADroppedColumnStaysAndIsNoLongerWritten) {
  follow(table);
  sql("ALTER TABLE t DROP COLUMN b; INSERT INTO t VALUES (2000, 'x'); UPDATE t SET a = 'changed' WHERE id = "
      "1");
  expect_equal_soon("t");
  EXPECT_THAT(replica().rows("SELECT b FROM t WHERE id IN (1, 2000) ORDER BY id"),
              ElementsAre(ElementsAre("1"), ElementsAre(std::nullopt)));
}

TEST_F(Schema, ANameThatADroppedColumnHadCanBeUsedAgain) {
  follow(table);
  sql("ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text; UPDATE t SET b = '007' WHERE id < 10");
  expect_equal_soon("t");
  sql("ALTER TABLE t DROP COLUMN b; ALTER TABLE t RENAME COLUMN a TO b");
  expect_equal_soon("t");
}

TEST_F(Schema, AColumnOfAnotherTypeIsOfThatTypeInTheReplicaToo) {
  follow(table);
  sql("ALTER TABLE t ALTER COLUMN b TYPE text; INSERT INTO t VALUES (2000, 'x', '007')");
  expect_equal_soon("t");
  sql("ALTER TABLE t ALTER COLUMN b TYPE numeric(10,2) USING b::numeric; UPDATE t SET b = 1.50 WHERE id = 1");
  expect_equal_soon("t");
  sql("ALTER TABLE t ALTER COLUMN b TYPE numeric(30,2); UPDATE t SET b = 1234567890123456789012.50 WHERE id "
      "= 2");
  expect_equal_soon("t");
}

TEST_F(Schema, AnAlterThatIsRolledBackChangesNothing) {
  follow(table);
  sql("BEGIN; ALTER TABLE t ADD COLUMN c int DEFAULT 1; UPDATE t SET a = 'undone'; ROLLBACK; UPDATE t SET a "
      "= "
      "'kept' WHERE id = 1");
  expect_equal_soon("t");
  EXPECT_FALSE(replica_has_column("c"));
}

TEST_F(Schema, ChangesAndAltersInOneTransactionKeepTheirOrder) {
  follow(table);
  sql("BEGIN; UPDATE t SET b = -1 WHERE id < 10; ALTER TABLE t RENAME b TO c; UPDATE t SET c = -2 WHERE id < "
      "5; "
      "ALTER TABLE t ADD COLUMN d text DEFAULT 'd'; UPDATE t SET d = NULL WHERE id < 3; ALTER TABLE t DROP "
      "COLUMN "
      "a; INSERT INTO t VALUES (2000, 1, 'x'); COMMIT");
  expect_equal_soon("t");
}

TEST_F(Schema, WhatHappenedWhileNobodyWasConnectedIsFollowedToo) {
  follow(table);
  stop(consumer);
  sql("ALTER TABLE t ADD COLUMN c int DEFAULT 1; UPDATE t SET c = 2 WHERE id = 1; ALTER TABLE t RENAME c TO "
      "d; "
      "ALTER TABLE t DROP COLUMN a; DELETE FROM t WHERE id = 3");
  stop(producer);
  start_producer();
  catch_up();
  expect_equal("t");
}

TEST_F(Schema, ADroppedPartitionTakesItsRowsAlong) {
  follow(
      "CREATE TABLE t (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE TABLE t_low PARTITION OF t "
      "FOR VALUES FROM (MINVALUE) TO (100); CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (100) TO "
      "(MAXVALUE); INSERT INTO t SELECT n, n FROM generate_series(1, 200) n; SELECT outbox.track('t')");
  sql("DROP TABLE t_low; INSERT INTO t VALUES (1000, 1)");
  expect_equal_soon("t");
  EXPECT_EQ(replica().number("SELECT count(*) FROM t"), 102);
}

TEST_F(Schema, ATableDroppedAndMadeAnewIsLoadedAnew) {
  follow(table);
  sql("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, b text, d date); INSERT INTO t VALUES (5, '007', "
      "now()), "
      "(9000, 'x', NULL); SELECT outbox.track('t')");
  expect_equal_soon("t");
}

}  // namespace
}  // namespace mailboat::test
