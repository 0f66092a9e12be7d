#include "consumer/bulk_insert.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <string>
#include <utility>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/table_schema.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::consumer {
namespace {

Value integer(std::int64_t number) {
  Value value;
  value.kind = Value::Kind::Integer;
  value.integer = number;
  return value;
}

Value real(double number) {
  Value value;
  value.kind = Value::Kind::Real;
  value.real = number;
  return value;
}

Value text(std::string_view text, Value::Kind kind = Value::Kind::Text) {
  Value value;
  value.kind = kind;
  value.text = text;
  return value;
}

Relation relation() {
  return {.topic = "public.t",
          .schema = "public",
          .table = "t",
          .key = {"id"},
          .columns = {{"id", "integer", 1}, {"v", "text", 2}}};
}

class BulkInsertTest : public ::testing::Test {
 protected:
  BulkInsertTest() : database_(file_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    enable_value_rows(database_);
    database_.exec("PRAGMA journal_mode = WAL; " + create_table(relation(), "t"));
  }

  /// Rows (key, v), the versions of which are their keys times ten.
  std::size_t insert(BulkInsert& bulk, const std::vector<std::pair<Value, Value>>& pairs) {
    std::vector<std::vector<Value>> values;
    for (const auto& [key, value] : pairs) values.push_back({key, value});
    std::vector<ValueRow> rows;
    for (const auto& row : values) rows.push_back({row, row.front().integer * 10});
    database_.exec("BEGIN IMMEDIATE");
    const auto inserted = bulk.insert(rows);
    EXPECT_EQ(::sqlite3_get_autocommit(database_.getHandle()), 0) << "the transaction goes on";
    database_.exec("COMMIT");
    return inserted;
  }
  std::size_t insert(const std::vector<std::pair<Value, Value>>& pairs) {
    BulkInsert bulk(database_, plan_);
    return insert(bulk, pairs);
  }
  std::string rows() {
    return database_
        .execAndGet(
            "SELECT coalesce(group_concat(id || '=' || coalesce(v, 'NULL') || '@' || _version, ' '), '')"
            " FROM (SELECT * FROM t ORDER BY id)")
        .getString();
  }

  test::TempDir directory_;
  const std::string file_ = directory_.path() / "t.db";
  SQLite::Database database_;
  const TargetPlan plan_ = mirror(relation(), "t");
};

TEST_F(BulkInsertTest, WritesRowsWithTheirVersions) {
  EXPECT_EQ(insert({{integer(1), text("a")}, {integer(2), {}}, {integer(7), text("")}}), 3U);
  EXPECT_EQ(rows(), "1=a@10 2=NULL@20 7=@70");
}

TEST_F(BulkInsertTest, WritesEachKindOfValueAsItIs) {
  const std::string nul("a\0b", 3);
  database_.exec("CREATE TABLE any (id INTEGER PRIMARY KEY, v, _version INTEGER)");
  auto plan = mirror(relation(), "any");
  BulkInsert bulk(database_, plan);
  EXPECT_EQ(insert(bulk, {{integer(1), integer(INT64_MIN)},
                          {integer(2), real(0.1)},
                          {integer(3), text(nul)},
                          {integer(4), text(nul, Value::Kind::Blob)},
                          {integer(5), text("", Value::Kind::Blob)},
                          {integer(6), {}}}),
            6U);
  const auto all = "SELECT group_concat(typeof(v) || ' ' || quote(v), ', ') FROM any WHERE id <> 3";
  EXPECT_EQ(database_.execAndGet(all).getString(),
            "integer -9223372036854775808, real 0.1, blob X'610062', blob X'', null NULL");
  EXPECT_EQ(database_.execAndGet("SELECT typeof(v) || ' ' || hex(v) FROM any WHERE id = 3").getString(),
            "text 610062");
}

TEST_F(BulkInsertTest, ReadsColumnsThatStandElsewhereInTheTable) {
  auto plan = plan_;
  std::swap(plan.columns[0], plan.columns[1]);
  plan.columns[0].name = "w";
  plan.columns[0].expression = ":v";
  plan.table = "u";
  database_.exec("CREATE TABLE u (_version INTEGER, w TEXT, more INTEGER DEFAULT 5, id INTEGER PRIMARY KEY)");
  BulkInsert bulk(database_, plan);
  EXPECT_EQ(insert(bulk, {{integer(3), text("c")}}), 1U);
  EXPECT_EQ(database_.execAndGet("SELECT id || w || more || _version FROM u").getString(), "3c530");
}

TEST_F(BulkInsertTest, StopsAtARowThatIsThere) {
  database_.exec("INSERT INTO t VALUES (2, 'before', 5)");
  EXPECT_EQ(insert({{integer(1), text("a")}, {integer(2), text("b")}, {integer(3), text("c")}}), 1U);
  EXPECT_EQ(rows(), "1=a@10 2=before@5");
}

TEST_F(BulkInsertTest, StopsAtARowThatAConstraintRefuses) {
  database_.exec("CREATE UNIQUE INDEX once ON t (v)");
  EXPECT_EQ(insert({{integer(1), text("a")}, {integer(2), text("b")}, {integer(3), text("a")}}), 2U);
  EXPECT_EQ(rows(), "1=a@10 2=b@20");
}

TEST_F(BulkInsertTest, StopsAtARowWithoutAKey) {
  EXPECT_EQ(insert({{integer(1), text("a")}, {{}, text("b")}, {integer(3), text("c")}}), 1U);
  EXPECT_EQ(rows(), "1=a@10");
}

// SQLite takes this statement for undone, and undoes nothing.
TEST_F(BulkInsertTest, KnowsOfNoRowWhenAKeyIsOfAnotherType) {
  EXPECT_EQ(insert({{integer(1), text("a")}, {text("seven"), text("b")}}), 0U);
}

TEST_F(BulkInsertTest, KnowsOfNoRowWhenTheTableHasGoneMeanwhile) {
  BulkInsert bulk(database_, plan_);
  EXPECT_EQ(insert(bulk, {{integer(1), text("a")}, {integer(2), text("b")}}), 2U);
  database_.exec("DROP TABLE t");
  EXPECT_EQ(insert(bulk, {{integer(3), text("c")}, {integer(4), text("d")}}), 0U);
}

TEST_F(BulkInsertTest, LeavesTablesWithTriggersAloneFromTheirFirstOneOn) {
  BulkInsert bulk(database_, plan_);
  EXPECT_EQ(insert(bulk, {{integer(1), text("a")}}), 1U);
  SQLite::Database(file_, SQLite::OPEN_READWRITE)
      .exec("CREATE TRIGGER tell AFTER INSERT ON T BEGIN SELECT raise(FAIL, 'no'); END");
  EXPECT_EQ(insert(bulk, {{integer(2), text("b")}}), 0U);
  SQLite::Database(file_, SQLite::OPEN_READWRITE).exec("DROP TRIGGER tell");
  EXPECT_EQ(insert(bulk, {{integer(2), text("b")}}), 1U);
  EXPECT_EQ(rows(), "1=a@10 2=b@20");
}

TEST_F(BulkInsertTest, SaysWhenTheDatabaseAsAWholeRefuses) {
  BulkInsert bulk(database_, plan_);
  database_.exec("BEGIN IMMEDIATE; PRAGMA query_only = ON");
  const std::vector<Value> values{integer(1), text("a")};
  const std::vector<ValueRow> rows{{values, 1}};
  EXPECT_THROW(bulk.insert(rows), SQLite::Exception);
}

TEST_F(BulkInsertTest, FitsPlansThatTakeRowsAsTheyAre) {
  EXPECT_TRUE(BulkInsert::fits(plan_));
  auto plan = plan_;
  plan.filter = "@c0 > 5";
  EXPECT_FALSE(BulkInsert::fits(plan));
  plan = plan_;
  plan.route = "r";
  EXPECT_FALSE(BulkInsert::fits(plan));
  plan = plan_;
  plan.columns[1].expression = "upper(@c1)";
  EXPECT_FALSE(BulkInsert::fits(plan));
  plan = plan_;
  plan.mode = TargetPlan::Mode::History;
  EXPECT_FALSE(BulkInsert::fits(plan));
  plan = plan_;
  while (plan.source.size() <= most_values_of_row) plan.source.emplace_back("more", "text", 3);
  EXPECT_FALSE(BulkInsert::fits(plan));
}

// As wide as can be.
TEST_F(BulkInsertTest, ReadsTheLastOfManyColumns) {
  auto wide = relation();
  while (wide.columns.size() < most_values_of_row) {
    wide.columns.emplace_back("c" + std::to_string(wide.columns.size()), "integer", 3);
  }
  database_.exec(create_table(wide, "wide"));
  BulkInsert bulk(database_, mirror(wide, "wide"));
  std::vector<Value> values(most_values_of_row, integer(4));
  values.back() = integer(5);
  const std::vector<ValueRow> rows{{values, 1}};
  EXPECT_EQ(bulk.insert(rows), 1U);
  EXPECT_EQ(database_.execAndGet("SELECT id || ' ' || v || ' ' || c255 FROM wide").getString(), "4 4 5");
}

TEST_F(BulkInsertTest, ItsRowsAreForNobodyElse) {
  EXPECT_EQ(database_.execAndGet("SELECT count(*) FROM _mailboat_rows(1)").getInt(), 0);
  EXPECT_THROW(database_.exec("SELECT * FROM _mailboat_rows"), SQLite::Exception);
}

}  // namespace
}  // namespace mailboat::consumer
