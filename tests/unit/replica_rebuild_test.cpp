// Changes that SQLite's ALTER TABLE has no words for: the table is made anew within the window.
#include <gmock/gmock.h>

#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Result = RetryOutcome::Result;

// Of table t: key, and the types of id and v.
std::string described(const std::string& key, const std::string& id = "integer",
                      const std::string& v = "text") {
  return R"({"schema":"public","table":"t","load":true,"key":[)" + key +
         R"(],"columns":[{"name":"id","type":")" + id + R"(","number":1},{"name":"v","type":")" + v +
         R"(","number":2}]})";
}

class ReplicaRebuild : public ReplicaFixture {
 protected:
  ReplicaRebuild() {
    window(4, [this] {
      upsert(2, 1, "a");
      upsert(3, 2, "b");
      remove(4, 3);
    });
  }
  [[nodiscard]] std::string value(const std::string& sql) const { return test::SqliteReader(file).text(sql); }
  [[nodiscard]] std::string key() const {
    return value(
        "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('t') WHERE pk > 0 ORDER BY pk)");
  }
};

TEST_F(ReplicaRebuild, AKeyOfOtherColumnsIsTheTablesKeyFromThenOn) {
  window(7, [this] {
    event(5, Op::Relation, described(R"("v")"));
    event(6, Op::Delete, R"({"v":"a"})");
    event(7, Op::Update, R"({"id":9,"v":"b"})");
  });
  EXPECT_EQ(key(), "v");
  EXPECT_EQ(rows(), "9=b");
  EXPECT_THAT(rejected(), IsEmpty());
  reopen();
  window(9, [this] { event(8, Op::Relation, described(R"("v","id")")); });
  EXPECT_EQ(key(), "v,id");
  EXPECT_EQ(rows(), "9=b");
}

TEST_F(ReplicaRebuild, ReadersHaveTheRowsUntilTheLoadHasBroughtThem) {
  window(6, [this] {
    upsert(5, 3, "a");  // one key for two rows
    event(6, Op::Relation, described(R"("v")"));
    replica->begin_load("public.t");
  });
  EXPECT_EQ(value("SELECT group_concat(v) FROM (SELECT v FROM t ORDER BY v)"), "a,b");
  window(7, [this] { chunk({row(3, "c"), row(2, "b")}, true); });
  EXPECT_EQ(rows(), "2=b 3=c");
}

TEST_F(ReplicaRebuild, RetriesOfBeforeAreOvertakenByTheLoad) {
  window(6, [this] {
    event(5, Op::Relation, described(R"("v")"));
    replica->begin_load("public.t");
  });
  window(7, [this] { chunk({row(1, "a")}, true); });
  EXPECT_EQ(retry_upsert(3, 7, "z"), Result::Superseded);
  EXPECT_EQ(retry(4, Op::Delete, R"({"id":1})").result, Result::Superseded);
  EXPECT_EQ(rows(), "1=a");
}

TEST_F(ReplicaRebuild, AColumnOfAnotherSqliteTypeKeepsItsValuesInThatType) {
  window(6, [this] {
    event(5, Op::Relation, described(R"("id")", "text", "text"));
    event(6, Op::Update, R"({"id":"007","v":"c"})");
  });
  EXPECT_EQ(value("SELECT group_concat(quote(id)) FROM (SELECT id FROM t ORDER BY id)"), "'007','1','2'");
  window(8, [this] {
    event(7, Op::Relation, described(R"("id")", "bigint", "text"));
    event(8, Op::Update, R"({"id":7,"v":"d"})");
  });
  EXPECT_EQ(rows(), "1=a 2=b 7=d")
      << "007 is no number that the source could have; the load brings what it has";
}

TEST_F(ReplicaRebuild, IndexesTriggersAndViewsOfTheUserStay) {
  by_hand(
      "CREATE INDEX t_v ON t (v); CREATE TABLE log (v); CREATE TRIGGER noted AFTER INSERT ON t BEGIN INSERT "
      "INTO log "
      "VALUES (new.v); END; CREATE VIEW everything AS SELECT * FROM t; CREATE TRIGGER other AFTER INSERT ON "
      "log BEGIN "
      "SELECT count(*) FROM t; END");
  window(7, [this] {
    event(5, Op::Relation, described(R"("v")"));
    event(6, Op::Insert, R"({"id":8,"v":"new"})");
  });
  EXPECT_EQ(value("SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE tbl_name = 't' AND "
                  "sql IS NOT "
                  "NULL ORDER BY name)"),
            "noted,t,t_v");
  EXPECT_EQ(value("SELECT group_concat(v) FROM log"), "new") << "the copy itself is no news";
  EXPECT_EQ(value("SELECT count(*) FROM everything"), "3");
}

TEST_F(ReplicaRebuild, ColumnsThatTheSourceDoesNotHaveStay) {
  by_hand(
      "ALTER TABLE t ADD COLUMN note TEXT NOT NULL DEFAULT 'none'; UPDATE t SET note = 'mine' WHERE id = 1");
  window(7, [this] {
    event(5, Op::Relation,
          R"({"schema":"public","table":"t","key":["v"],"columns":[{"name":"v","type":"text","number":2}]})");
    event(6, Op::Insert, R"({"v":"new"})");
  });
  EXPECT_EQ(value("SELECT group_concat(coalesce(id, '-') || v || note) FROM (SELECT * FROM t ORDER BY v)"),
            "1amine,2bnone,-newnone")
      << "the dropped key column, too";
}

TEST_F(ReplicaRebuild, WhatCannotBeCarriedOverPausesTheTableWithTheCommandToRun) {
  by_hand("ALTER TABLE t ADD COLUMN length INTEGER GENERATED ALWAYS AS (length(v)) VIRTUAL");
  window(6, [this] {
    event(5, Op::Relation, described(R"("v")"));
    event(6, Op::Insert, R"({"id":8,"v":"passed over"})");
  });
  EXPECT_THAT(replica->paused_tables(),
              ElementsAre(HasSubstr(R"(Run: ALTER TABLE "t" DROP COLUMN "length")")));
  EXPECT_EQ(key(), "id");
  EXPECT_EQ(rows(), "1=a 2=b");
  by_hand("ALTER TABLE t DROP COLUMN length");
  reopen();
  window(7, [this] { event(5, Op::Relation, described(R"("v")")); });
  EXPECT_THAT(replica->paused_tables(), IsEmpty());
  EXPECT_EQ(key(), "v");
  EXPECT_EQ(replica->unfinished_loads().size(), 1U);
}

TEST_F(ReplicaRebuild, AnIndexThatDoesNotFitAnyMorePausesTheTable) {
  by_hand("CREATE UNIQUE INDEX one_v ON t (v COLLATE NOCASE)");
  window(5, [this] { upsert(5, 3, "10"); });
  by_hand("DROP INDEX one_v; INSERT INTO t VALUES (4, '10.0', 1); CREATE UNIQUE INDEX one_v ON t (v)");
  window(6, [this] { event(6, Op::Relation, described(R"("id")", "integer", "integer")); });
  EXPECT_THAT(replica->paused_tables(),
              ElementsAre(HasSubstr("'one_v' cannot be made again on SQLite table 't'")));
}

TEST_F(ReplicaRebuild, IsUndoneWithItsWindow) {
  replica->begin();
  event(5, Op::Relation, described(R"("v")"));
  replica->rollback();
  EXPECT_EQ(key(), "id");
  window(6, [this] { upsert(6, 1, "later"); });
  EXPECT_EQ(rows(), "1=later 2=b");
}

}  // namespace
}  // namespace mailboat::consumer
