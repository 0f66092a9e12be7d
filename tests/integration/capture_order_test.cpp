#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;

/// However the changes of a row come about, the last event about it tells how it is.
class LastEventTellsTheRow : public Outbox, public ::testing::WithParamInterface<const char*> {
 protected:
  void create(const std::string& columns) {
    sql("CREATE TABLE t (" + columns + ")");
    sql(std::string("SELECT outbox.track('t', capture => '") + GetParam() + "')");
  }
  void create_trigger(const std::string& when, const std::string& body) {
    sql("CREATE FUNCTION change_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
        " RETURN NULL; END $$");
    sql("CREATE TRIGGER a_first_by_name AFTER " + when + " ON t FOR EACH ROW EXECUTE FUNCTION change_more()");
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, LastEventTellsTheRow, ::testing::Values("row", "statement"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(LastEventTellsTheRow, WhenKeysMoveOverEachOther) {
  create("id int PRIMARY KEY, v int");
  sql("INSERT INTO t SELECT i, i FROM generate_series(5, 1, -1) i");
  sql("UPDATE t SET id = id + 1");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenATriggerChangesTheSameRow) {
  create("id int PRIMARY KEY, v int");
  create_trigger("INSERT", "UPDATE t SET v = 100 WHERE id = NEW.id;");
  sql("INSERT INTO t VALUES (1, 1)");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenATriggerChangesAnotherRowOfTheStatement) {
  create("id int PRIMARY KEY, v int");
  create_trigger("INSERT", "UPDATE t SET v = 100 WHERE id = NEW.id + 1;");
  sql("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenATriggerDeletesAnotherRowOfTheStatement) {
  create("id int PRIMARY KEY, v int");
  create_trigger("INSERT", "DELETE FROM t WHERE id = NEW.id + 1;");
  sql("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenATriggerBringsADeletedRowBack) {
  create("id int PRIMARY KEY, v int");
  create_trigger("DELETE", "INSERT INTO t VALUES (3 - OLD.id, 7) ON CONFLICT DO NOTHING;");
  sql("INSERT INTO t VALUES (1, 1), (2, 2); DELETE FROM t");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenAForeignKeyCascadesIntoTheRowItself) {
  create("id int PRIMARY KEY, parent int REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE");
  sql("INSERT INTO t VALUES (1, 1), (2, 1), (3, 2); UPDATE t SET id = 10 WHERE id = 1");
  expect_log_makes_table("t");
  sql("DELETE FROM t WHERE id = 2");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenOneStatementDeletesAndInsertsAKey) {
  create("id int PRIMARY KEY, v int");
  sql("INSERT INTO t VALUES (1, 1), (2, 2)");
  sql("WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING id) INSERT INTO t SELECT id, 100 FROM gone");
  expect_log_makes_table("t");
  sql("INSERT INTO t VALUES (2, 100) ON CONFLICT (id) DO UPDATE SET id = 3");
  expect_log_makes_table("t");
  sql("INSERT INTO t VALUES (3, 100), (2, 200) ON CONFLICT (id) DO UPDATE SET id = 4");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenMergeDeletesAndInsertsAKey) {
  if (std::stoi(value("SHOW server_version_num")) < 150000) GTEST_SKIP() << "MERGE came with PostgreSQL 15";
  create("id int PRIMARY KEY, v int");
  sql("INSERT INTO t VALUES (1, 10)");
  sql("MERGE INTO t USING (VALUES (10), (11)) AS s (v) ON t.v = s.v "
      "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, s.v)");
  EXPECT_EQ(value("SELECT v FROM t"), "11");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, WhenATriggerFillsATruncatedTable) {
  create("id int PRIMARY KEY, v int");
  sql("CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 1); "
      "RETURN NULL; END $$;"
      "CREATE TRIGGER a_fill AFTER TRUNCATE ON t EXECUTE FUNCTION fill()");
  sql("INSERT INTO t VALUES (5, 5); TRUNCATE t");
  expect_log_makes_table("t");
}

TEST_P(LastEventTellsTheRow, AfterManyStatementsOfEachKind) {
  create("id int PRIMARY KEY, v int");
  create_trigger("UPDATE", "DELETE FROM t WHERE id = NEW.id + 1 AND NEW.v % 7 = 0;");
  sql("SELECT setseed(0.42)");
  sql("DO $$ BEGIN FOR i IN 1..300 LOOP"
      "  INSERT INTO t SELECT (random() * 50)::int, i FROM generate_series(1, 3) ON CONFLICT DO NOTHING;"
      "  UPDATE t SET v = v + 1 WHERE id % 5 = i % 5;"
      "  UPDATE t SET id = id + 1000 WHERE id = (random() * 50)::int AND NOT EXISTS (SELECT FROM t WHERE id "
      ">= 1000);"
      "  DELETE FROM t WHERE id = (SELECT min(id) FROM t) OR id > 1000 AND i % 3 = 0;"
      "END LOOP; END $$");
  EXPECT_NE(value("SELECT count(*) FROM t"), "0");
  expect_log_makes_table("t");
}

TEST_F(Outbox, OrdinaryTransactionsLogTheImageOfEachStatement) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v int); SELECT outbox.track('t')");
  sql("BEGIN; INSERT INTO t VALUES (1, 1); UPDATE t SET v = 2; COMMIT");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":1})", R"(U {"id":1,"v":2})"));
}

}  // namespace
}  // namespace mailboat::test
