// Tables that are renamed, dropped, made again: what the SQLite file has of them follows.
#include <gmock/gmock.h>

#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Result = RetryOutcome::Result;

class ReplicaRename : public ReplicaFixture {
 protected:
  /// A description of a table (id integer primary key, v text) of schema public.
  static std::string described(const std::string& table, const std::string& more = "", int first_number = 1) {
    return R"({"schema":"public","table":")" + table +
           R"(","key":["id"],"columns":[{"name":"id","type":"integer",)" + R"("number":)" +
           std::to_string(first_number) + R"(},{"name":"v","type":"text","number":)" +
           std::to_string(first_number + 1) + "}]" + more + "}";
  }
  void on(const std::string& table, EventId id, Op op, const std::string& payload) {
    EventBatch events;
    events.add({id, id, "public." + table, op, payload});
    apply(events);
  }
  void describe(EventId id, const std::string& table, const std::string& more = "", int first_number = 1) {
    on(table, id, Op::Relation, described(table, more, first_number));
  }
  void rename(EventId id, const std::string& from, const std::string& to) {
    describe(id, to, R"(,"load":false,"renamed_from":"public.)" + from + "\"");
  }
  void put(const std::string& table, EventId id, int key, const std::string& value) {
    on(table, id, Op::Update, row(key, value));
  }
  Result put_again(const std::string& table, EventId id, int key, const std::string& value) {
    EventBatch events;
    events.add({id, id, "public." + table, Op::Update, row(key, value)});
    return replica->retry(events).outcomes.front().result;
  }
  void load(const std::string& table, const std::vector<std::string>& rows, bool ends_load) {
    LoadChunk piece{"public." + table, {}, {"0"}, true, ends_load, 0, false};
    for (const auto& one : rows) piece.rows.add(one);
    replica->apply(piece);
  }
  /// `1=a 2=b`
  [[nodiscard]] std::string of(const std::string& table) const {
    return test::SqliteReader(file).text(
        "SELECT coalesce(group_concat(id || '=' || v, ' '), '') FROM (SELECT * FROM " + table +
        " ORDER BY id)");
  }
  [[nodiscard]] std::string value(const std::string& sql) const { return test::SqliteReader(file).text(sql); }
  [[nodiscard]] std::string tables() const {
    return value(
        "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND name "
        "NOT LIKE "
        "'\\_mailboat%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name)");
  }
};

TEST_F(ReplicaRename, KeepsRowsVersionsAndTombstones) {
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
    remove(4, 2);
  });
  window(8, [this] {
    upsert(5, 3, "before");
    rename(6, "t", "u");
    put("u", 7, 4, "after");
  });
  EXPECT_EQ(tables(), "u");
  EXPECT_EQ(of("u"), "1=a 3=before 4=after");
  EXPECT_EQ(put_again("u", 3, 2, "dead"), Result::Superseded) << "its tombstone has come along";
  EXPECT_EQ(put_again("u", 1, 1, "old"), Result::Superseded);
  reopen();
  window(9, [this] { put("u", 9, 1, "later"); });
  EXPECT_EQ(of("u"), "1=later 3=before 4=after");
}

TEST_F(ReplicaRename, IsUndoneWithItsWindow) {
  window(2, [this] { upsert(2, 1, "a"); });
  replica->begin();
  rename(3, "t", "u");
  put("u", 4, 2, "b");
  replica->rollback();
  EXPECT_EQ(tables(), "t");
  window(5, [this] {
    rename(3, "t", "u");
    put("u", 4, 2, "b");
  });
  EXPECT_EQ(of("u"), "1=a 2=b");
}

TEST_F(ReplicaRename, SwapsTables) {
  window(9, [this] {
    upsert(2, 1, "of t");
    describe(3, "u");
    put("u", 4, 1, "of u");
    rename(5, "t", "x");
    rename(6, "u", "t");
    rename(7, "x", "u");
    put("t", 8, 2, "of u");
  });
  EXPECT_EQ(tables(), "t u");
  EXPECT_EQ(of("t"), "1=of u 2=of u");
  EXPECT_EQ(of("u"), "1=of t");
  EXPECT_THAT(replica->paused_tables(), IsEmpty());
}

TEST_F(ReplicaRename, ComesAnyNumberOfTimesAndCountsOnce) {
  window(9, [this] {
    rename(2, "t", "u");
    describe(3, "t", R"(,"new":true)");
    upsert(4, 1, "of the new t");
  });
  window(10, [this] {
    rename(2, "t", "u");
    describe(3, "t", R"(,"new":true)");
  });
  EXPECT_EQ(tables(), "t u");
  EXPECT_EQ(of("t"), "1=of the new t");
}

TEST_F(ReplicaRename, LetsALoadGoOnUnderTheNewName) {
  window(2, [this] { replica->begin_load("public.t"); });
  window(3, [this] { chunk({row(1, "a")}, false); });
  window(4, [this] { rename(4, "t", "u"); });
  const auto loads = replica->unfinished_loads();
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads.front().topic, "public.u");
  EXPECT_THAT(loads.front().last_key, ElementsAre("0"));
  window(5, [this] { load("u", {row(2, "b")}, true); });
  EXPECT_EQ(of("u"), "1=a 2=b");
  EXPECT_EQ(put_again("u", 2, 1, "old"), Result::Superseded) << "the load has brought it";
}

TEST_F(ReplicaRename, SettlesWhatWaitsUnderTheOldName) {
  by_hand("CREATE UNIQUE INDEX one_v ON t (v)");
  window(2, [this] { upsert(2, 1, "a"); });
  window(6, [this] {
    upsert(3, 2, "a");
    upsert(4, 1, "b");
    rename(5, "t", "u");
  });
  EXPECT_EQ(of("u"), "1=b 2=a");
  EXPECT_THAT(rejected(), IsEmpty());
}

TEST_F(ReplicaRename, ToANameThatIsTakenPausesThatTableAloneUntilItIsFree) {
  by_hand("CREATE TABLE u (mine)");
  window(9, [this] {
    upsert(2, 1, "a");
    describe(3, "other");
    rename(4, "t", "u");
    put("u", 5, 2, "passed over");
    put("other", 6, 1, "flows on");
  });
  EXPECT_EQ(tables(), "other t u");
  EXPECT_EQ(of("t"), "1=a");
  EXPECT_EQ(of("other"), "1=flows on");
  EXPECT_THAT(replica->paused_tables(),
              ElementsAre(HasSubstr("'t' cannot take the name 'u', which is taken already")));
  by_hand("DROP TABLE u");
  reopen();
  window(10, [this] { rename(4, "t", "u"); });
  EXPECT_EQ(tables(), "other u");
  EXPECT_THAT(replica->paused_tables(), IsEmpty());
  EXPECT_EQ(replica->unfinished_loads().size(), 1U) << "what went past it has to be loaded";
  window(11, [this] { load("u", {row(1, "a"), row(2, "loaded")}, true); });
  EXPECT_EQ(of("u"), "1=a 2=loaded");
}

TEST_F(ReplicaRename, LeavesTheUsersIndexesAndViewsWithTheTable) {
  by_hand("CREATE INDEX t_v ON t (v); CREATE VIEW everything AS SELECT v FROM t");
  window(4, [this] {
    upsert(2, 1, "a");
    rename(3, "t", "u");
  });
  EXPECT_EQ(value("SELECT v FROM everything"), "a");
  EXPECT_EQ(value("SELECT tbl_name FROM sqlite_master WHERE name = 't_v'"), "u");
}

TEST_F(ReplicaRename, OfATableThatARouteNamesPausesItUntilTheRouteSaysTheNewName) {
  by_hand("CREATE TABLE kept (id INTEGER PRIMARY KEY, v TEXT, _version INTEGER NOT NULL)");
  Route route;
  route.topic = route.name = "public.t";
  route.table = "kept";
  route.place = {"consumer.toml", 1, 3, {}};
  const auto with = [&](const Route& one) {
    replica.reset();
    replica = std::make_unique<Replica>(Replica::Options{file, "test", {one}, 1000});
  };
  with(route);
  window(5, [this] {
    upsert(2, 1, "a");
    rename(3, "t", "u");
    put("u", 4, 2, "secret");
  });
  EXPECT_EQ(of("kept"), "1=a");
  EXPECT_EQ(tables(), "kept t") << "nothing must come by another way than the route's";
  EXPECT_THAT(replica->paused_tables(), ElementsAre(HasSubstr("Write topic = \"public.u\"")));
  with(route);
  EXPECT_THAT(replica->paused_tables(), ElementsAre(HasSubstr("Write topic = \"public.u\"")));
  route.topic = "public.u";
  with(route);
  EXPECT_THAT(replica->paused_tables(), IsEmpty());
  EXPECT_EQ(replica->unfinished_loads().size(), 1U);
}

TEST_F(ReplicaRename, OfADroppedTablesNameSetsItsRowsAside) {
  by_hand("CREATE VIEW everything AS SELECT v FROM t");
  window(9, [this] {
    upsert(2, 1, "of the dropped one");
    describe(3, "u");
    put("u", 4, 1, "of u");
    describe(5, "t", R"(,"dropped":true)");
    rename(6, "u", "t");
  });
  EXPECT_EQ(tables(), "t t_detached");
  EXPECT_EQ(of("t"), "1=of u");
  EXPECT_EQ(of("t_detached"), "1=of the dropped one");
  EXPECT_EQ(value("SELECT v FROM everything"), "of u") << "the name means the table that has it";
}

TEST_F(ReplicaRename, OfATopicThatIsNotKnownMakesATable) {
  window(3, [this] {
    rename(2, "never_seen", "u");
    put("u", 3, 1, "a");
  });
  EXPECT_EQ(of("u"), "1=a");
}

TEST_F(ReplicaRename, OfWhatWasRefusedUnderItsOldNameGoesOnWithItsLoad) {
  window(3, [this] {
    on("sqlite_x", 2, Op::Relation, described("sqlite_x", R"(,"load":true)"));
    replica->begin_load("public.sqlite_x");
  });
  window(4, [this] { rename(4, "sqlite_x", "x"); });
  const auto loads = replica->unfinished_loads();
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads.front().topic, "public.x");
  window(5, [this] { load("x", {row(1, "a")}, true); });
  EXPECT_EQ(of("x"), "1=a");
}

class ReplicaDetach : public ReplicaRename {};

TEST_F(ReplicaDetach, ADroppedTableStaysAndIsMarked) {
  window(4, [this] {
    upsert(2, 1, "a");
    describe(3, "t", R"(,"dropped":true)");
  });
  EXPECT_EQ(rows(), "1=a");
  EXPECT_EQ(value("SELECT topic FROM _mailboat_relation WHERE description ->> '$.dropped'"), "public.t");
  EXPECT_THAT(replica->paused_tables(), IsEmpty());
  reopen();
  EXPECT_EQ(retry_upsert(2, 2, "of before"), Result::Applied) << "a task of before still finds it";
  EXPECT_EQ(rows(), "1=a 2=of before");
}

TEST_F(ReplicaDetach, EndsTheLoadOfTheTable) {
  window(2, [this] { replica->begin_load("public.t"); });
  window(4, [this] {
    chunk({row(1, "a")}, false);
    describe(3, "t", R"(,"dropped":true)");
  });
  EXPECT_THAT(replica->unfinished_loads(), IsEmpty());
  window(5, [this] { chunk({}, true, true); });  // the producer gives it up as well
  EXPECT_EQ(rows(), "1=a");
}

TEST_F(ReplicaDetach, OfATableThatIsNotKnownMakesNone) {
  window(3, [this] { describe(2, "u", R"(,"dropped":true)"); });
  EXPECT_EQ(tables(), "t");
}

TEST_F(ReplicaDetach, TheNextTableOfTheNameTakesTheRowsOverByColumnsNames) {
  by_hand("CREATE INDEX t_v ON t (v)");
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
    describe(4, "t", R"(,"dropped":true)");
  });
  const std::string other =
      R"({"schema":"public","table":"t","new":true,"load":true,"key":["id"],"columns":[{"name":"n","type":"integer",)"
      R"("number":1},{"name":"id","type":"text","number":2},{"name":"v","type":"text","number":3}]})";
  window(6, [&] {
    event(5, Op::Relation, other);
    replica->begin_load("public.t");
  });
  EXPECT_EQ(value("SELECT typeof(id) || ' ' || v || ' ' || coalesce(n, '-') FROM t WHERE id = '1'"),
            "text a -")
      << "its readers have the rows until the load has brought the new ones";
  window(7, [this] { chunk({R"({"n":7,"id":"1","v":"loaded"})"}, true); });
  EXPECT_EQ(value("SELECT group_concat(id || '=' || v || '/' || n) FROM t"), "1=loaded/7");
  EXPECT_EQ(value("SELECT count(*) FROM sqlite_master WHERE name = 't_v'"), "1");
}

TEST_F(ReplicaDetach, ATableThatSomebodyHasDroppedHereTooIsForgotten) {
  window(3, [this] { describe(2, "t", R"(,"dropped":true)"); });
  by_hand("DROP TABLE t");
  reopen();
  EXPECT_EQ(value("SELECT count(*) FROM _mailboat_relation"), "0");
  window(5, [this] {
    describe(4, "t", R"(,"new":true)");
    upsert(5, 1, "a");
  });
  EXPECT_EQ(rows(), "1=a");
}

}  // namespace
}  // namespace mailboat::consumer
