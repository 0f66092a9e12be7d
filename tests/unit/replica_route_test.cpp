// Routes of tracked tables and of applications' topics, in a replica to which windows are applied.
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using Result = RetryOutcome::Result;

class ReplicaRoute : public ReplicaFixture {
 protected:
  /// Opens the file again with these routes, as a consumer that has been started with another configuration.
  void reopen_with(std::vector<Route> routes) {
    replica.reset();
    replica = std::make_unique<Replica>(Replica::Options{file, "test", std::move(routes), 1000});
  }
  static Route route_to(const std::string& table, std::vector<RouteColumn> columns) {
    Route route{.topic = "public.t", .name = "public.t", .table = table};
    route.columns = std::move(columns);
    route.place = {"consumer.toml", 1, 1, {}};
    return route;
  }
  /// `create table upper_t (id, upper(v))`
  static Route upper() {
    auto route = route_to("upper_t", {{"id", ":id"}, {"v", "upper(:v)"}});
    route.create = true;
    return route;
  }
  void load_all(const std::vector<std::string>& source_rows) {
    window(next_, [&] { replica->begin_load("public.t"); });
    window(next_ + 1, [&] { chunk(source_rows, true); });
    next_ += 2;
  }
  [[nodiscard]] std::string rows_of(const std::string& table,
                                    const std::string& columns = "id || '=' || v") const {
    return test::SqliteReader(file).text("SELECT coalesce(group_concat(r, ' '), '') FROM (SELECT " + columns +
                                         " AS r FROM " + table + " ORDER BY id)");
  }
  [[nodiscard]] std::string verified() {
    std::string found;
    for (const auto& one : replica->unconfirmed_verifications()) {
      found += one.error;
      for (const auto& difference : one.differences) found += difference.key + "; ";
      replica->confirm_verification({one.operation, one.topic});
    }
    return found;
  }
  void verify(const std::vector<std::string>& source_rows,
              LoadChunk::Purpose purpose = LoadChunk::Purpose::Verify) {
    window(next_++, [&] {
      LoadChunk piece{"public.t", {}, {"0"}, true, true, 0, false, purpose, next_, true};
      for (const auto& one : source_rows) piece.rows.add(one);
      replica->verify(piece);
    });
  }

  TransactionId next_ = 1000;
};

TEST_F(ReplicaRoute, ComputesEachColumnByItsExpression) {
  reopen_with({upper()});
  window(3, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  window(5, [this] {
    upsert(4, 1, "c");
    remove(5, 2);
  });
  EXPECT_EQ(rows_of("upper_t"), "1=C");
  EXPECT_EQ(rows(), "") << "the table of the topic's own name is no longer written";
}

TEST_F(ReplicaRoute, ARowThatLeavesTheFilterIsDeletedAndComesBackWithIt) {
  auto route = upper();
  route.where = ":v <> 'hidden'";
  reopen_with({route});
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "hidden");
    upsert(4, 3, "b");
  });
  EXPECT_EQ(rows_of("upper_t"), "1=A 3=B");
  window(6, [this] {
    upsert(5, 1, "hidden");
    upsert(6, 2, "seen");
  });
  EXPECT_EQ(rows_of("upper_t"), "2=SEEN 3=B");
  EXPECT_EQ(retry_upsert(4, 1, "older than its leaving"), Result::Superseded);
  EXPECT_EQ(rows_of("upper_t"), "2=SEEN 3=B");
}

TEST_F(ReplicaRoute, ALoadTakesAwayWhatTheFilterLeavesOut) {
  auto route = upper();
  route.where = ":v <> 'hidden'";
  reopen_with({route});
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  load_all({row(1, "a"), row(2, "hidden"), row(3, "c")});
  EXPECT_EQ(rows_of("upper_t"), "1=A 3=C");
}

TEST_F(ReplicaRoute, IsVerifiedByWhatItsExpressionsGive) {
  auto route = upper();
  route.where = ":v <> 'hidden'";
  reopen_with({route});
  window(4, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  verify({row(1, "a"), row(2, "b"), row(3, "hidden")});
  EXPECT_EQ(verified(), "");
  by_hand("UPDATE upper_t SET v = 'a' WHERE id = 1; INSERT INTO upper_t VALUES (3, 'x', 0)");
  verify({row(1, "a"), row(2, "b"), row(3, "hidden")}, LoadChunk::Purpose::Repair);
  EXPECT_EQ(verified(), "\"id\" = 1; \"id\" = 3; ");
  EXPECT_EQ(rows_of("upper_t"), "1=A 2=B");
}

TEST_F(ReplicaRoute, OfOneTopicGoToSeveralTablesEach) {
  auto plain = route_to("plain", {{"id", ":id"}, {"v", ":v"}});
  plain.create = true;
  reopen_with({upper(), plain});
  window(3, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  window(4, [this] { remove(4, 1); });
  EXPECT_EQ(rows_of("upper_t") + "|" + rows_of("plain"), "2=B|2=b");
  by_hand("UPDATE plain SET v = 'x'");
  verify({row(2, "b")});
  EXPECT_EQ(verified(), "\"plain\": \"id\" = 2; ");
  window(5, [this] { event(5, Op::Truncate, ""); });
  EXPECT_EQ(rows_of("upper_t") + "|" + rows_of("plain"), "|");
}

TEST_F(ReplicaRoute, WhatOneTargetRefusesStandsInTheOthersAndIsATask) {
  auto strict = route_to("strict", {{"id", ":id"}, {"v", ":v"}});
  by_hand(
      "CREATE TABLE strict (id INTEGER PRIMARY KEY, v TEXT CHECK (v <> 'bad'), _version INTEGER NOT NULL)");
  reopen_with({strict, upper()});
  window(3, [this] {
    upsert(2, 1, "bad");
    upsert(3, 2, "good");
  });
  EXPECT_EQ(rows_of("strict") + "|" + rows_of("upper_t"), "2=good|1=BAD 2=GOOD");
  EXPECT_EQ(rejected(), std::vector<EventId>{2});
  by_hand(
      "DROP TABLE strict; CREATE TABLE strict (id INTEGER PRIMARY KEY, v TEXT, _version INTEGER NOT NULL)");
  EXPECT_EQ(retry_upsert(2, 1, "bad"), Result::Applied);
  EXPECT_EQ(rows_of("strict"), "1=bad");
}

TEST_F(ReplicaRoute, OfSeveralTopicsShareATableEachWithItsOwnRows) {
  by_hand(
      "CREATE TABLE all_t (kind TEXT, id INTEGER, v TEXT, _version INTEGER NOT NULL, _route TEXT NOT NULL, "
      "PRIMARY "
      "KEY (kind, id))");
  auto first = route_to("all_t", {{"kind", "'t'"}, {"id", ":id"}, {"v", ":v"}});
  first.key = {"kind", "id"};
  auto second = first;
  second.topic = second.name = "order";
  second.columns[0].expression = ":kind";
  reopen_with({first, second});
  const auto order = [this](EventId id, const std::string& kind, int key) {
    EventBatch events;
    events.add({id, id, "order", Op::Update,
                R"({"kind":")" + kind + R"(","id":)" + std::to_string(key) + R"(,"v":"o"})"});
    apply(events);
  };
  window(5, [&] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
    order(4, "o", 1);
    order(5, "t", 2);
  });
  const std::string columns = "kind || id || '=' || v";
  EXPECT_EQ(rows_of("all_t", columns), "t1=a o1=o t2=b");
  EXPECT_EQ(rejected(), std::vector<EventId>{5}) << "the row of that key is the other route's";
  verify({row(1, "a"), row(2, "b")});
  EXPECT_EQ(verified(), "") << "the other route's rows are no extra ones";
  load_all({row(2, "b"), row(3, "c")});
  EXPECT_EQ(rows_of("all_t", columns), "o1=o t2=b t3=c");
  window(next_++, [this] { event(6, Op::Truncate, ""); });
  EXPECT_EQ(rows_of("all_t", columns), "o1=o");
}

TEST_F(ReplicaRoute, OfAHistoryKeepsEachEventOnce) {
  Route history{.topic = "public.t", .name = "public.t", .table = "t_log"};
  history.mode = Route::Mode::History;
  history.create = true;
  history.columns = {{"id", ":id"}, {"what", ":_op || ' ' || :_topic"}, {"v", ":v"}};
  auto automatic = Route{.topic = "public.t", .name = "again"};
  automatic.create = true;
  reopen_with({history, automatic});
  window(5, [this] {
    upsert(2, 1, "a");
    remove(3, 1);
    event(4, Op::Truncate, "");
  });
  EXPECT_EQ(rows_of("t_log",
                    "_event_id || ' ' || _op || ' ' || coalesce(id, '') || coalesce(v, '') || ' ' || what"),
            "4 T  T public.t 2 U 1a U public.t 3 D 1 D public.t");
  EXPECT_EQ(retry_upsert(2, 1, "a"), Result::Superseded);
  EXPECT_EQ(test::SqliteReader(file).number("SELECT count(*) FROM t_log"), 3);
  load_all({row(7, "loaded")});
  EXPECT_EQ(test::SqliteReader(file).number("SELECT count(*) FROM t_log"), 3) << "a load is no event";

  replica->begin();
  replica->forget_history(0);
  replica->commit({{1, 1, 2}, Snapshot(next_ + 1, next_ + 1, {})});
  window(next_ + 2, [this] {
    event(1, Op::Relation, relation);
    upsert(2, 1, "of the new history");
  });
  EXPECT_EQ(test::SqliteReader(file).number("SELECT count(*) FROM t_log"), 4);
}

TEST_F(ReplicaRoute, AColumnOfTheSourceMayBeCalledAsMailboatsOwn) {
  constexpr auto with_version =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"_version","type":"integer","number":3}]})";
  auto route = route_to("their_version", {{"id", ":id"}, {"v", ":_version"}});
  route.create = true;
  reopen_with({});
  window(next_++, [&] { event(30, Op::Relation, with_version); });
  reopen_with({route});
  window(next_++, [&] { event(31, Op::Update, R"({"id":1,"_version":7})"); });
  EXPECT_EQ(rows_of("their_version", "id || '=' || v || ' ' || _version"), "1=7 31");
  verify({R"({"id":1,"_version":7})"});
  EXPECT_EQ(verified(), "");
}

TEST_F(ReplicaRoute, SkippedTopicsLeaveNothing) {
  Route skip{.topic = "*"};
  skip.skip = true;
  reopen_with({skip});
  window(3, [this] { upsert(3, 1, "a"); });
  EXPECT_EQ(rows(), "");
  EXPECT_TRUE(rejected().empty());
}

TEST_F(ReplicaRoute, ADefaultRouteNamesTheTablesOfAllTopics) {
  Route all{.topic = "*", .name = "*", .table = "copy_of_{schema}_{table}"};
  all.create = true;
  reopen_with({all});
  window(3, [this] { upsert(3, 1, "a"); });
  EXPECT_EQ(rows_of("copy_of_public_t"), "1=a");
}

TEST_F(ReplicaRoute, AnotherExpressionHasTheTableLoadedAgain) {
  load_all({row(1, "a")});
  reopen_with({upper()});
  ASSERT_EQ(replica->unfinished_loads().size(), 1U) << "a new route has to be filled";
  EXPECT_TRUE(replica->has_own_loads());
  window(next_++, [this] { chunk({row(1, "a")}, true); });
  EXPECT_EQ(rows_of("upper_t"), "1=A");

  auto other = upper();
  other.columns[1].expression = "upper(:v) || '!'";
  reopen_with({other});
  ASSERT_EQ(replica->unfinished_loads().size(), 1U);
  EXPECT_EQ(rows_of("upper_t"), "1=A") << "until then its rows stay as they were";
  window(next_++, [this] { chunk({row(1, "a")}, true); });
  EXPECT_EQ(rows_of("upper_t"), "1=A!");
  reopen_with({other});
  EXPECT_TRUE(replica->unfinished_loads().empty());
  EXPECT_FALSE(replica->has_own_loads());
}

constexpr auto without_v =
    R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
    R"({"name":"w","type":"text","number":2}]})";

TEST_F(ReplicaRoute, WhoseColumnIsGonePausesItsTableAloneUntilItIsMended) {
  auto plain = route_to("ids", {{"id", ":id"}});
  plain.create = true;
  load_all({row(1, "a")});
  reopen_with({upper(), plain});
  window(next_++, [this] { chunk({row(1, "a")}, true); });
  window(next_++, [&] {
    event(30, Op::Relation, without_v);
    event(31, Op::Update, R"({"id":1,"w":"renamed"})");
    event(32, Op::Insert, R"({"id":2,"w":"new"})");
  });
  EXPECT_EQ(rows_of("upper_t"), "1=A");
  EXPECT_EQ(rows_of("ids", "id"), "1 2");
  EXPECT_TRUE(rejected().empty()) << "no task for what a load will bring";
  ASSERT_EQ(replica->paused_tables().size(), 1U);
  EXPECT_NE(replica->paused_tables().front().find("public.t has no column 'v' (it has: id, w)"),
            std::string::npos)
      << replica->paused_tables().front();

  reopen_with({upper(), plain});
  EXPECT_EQ(replica->paused_tables().size(), 1U) << "it does not keep the consumer from starting";
  auto mended = upper();
  mended.columns[1].expression = "upper(:w)";
  reopen_with({mended, plain});
  EXPECT_TRUE(replica->paused_tables().empty());
  ASSERT_EQ(replica->unfinished_loads().size(), 1U);
  window(next_++, [this] { chunk({R"({"id":1,"w":"renamed"})", R"({"id":2,"w":"new"})"}, true); });
  EXPECT_EQ(rows_of("upper_t"), "1=RENAMED 2=NEW");
}

TEST_F(ReplicaRoute, ATableThatSomebodyHasDroppedIsMadeAnewAndLoaded) {
  window(3, [this] { upsert(2, 1, "a"); });
  by_hand("DROP TABLE t");
  replica.reset();
  reopen();
  ASSERT_EQ(replica->unfinished_loads().size(), 1U);
  window(next_++, [this] { chunk({row(1, "a")}, true); });
  EXPECT_EQ(rows(), "1=a");
}

TEST_F(ReplicaRoute, ATableThatWasSharedStillTellsItsRoute) {
  by_hand(
      "CREATE TABLE all_t (id INTEGER PRIMARY KEY, v TEXT, _version INTEGER NOT NULL, _route TEXT NOT NULL);"
      "INSERT INTO all_t VALUES (7, 'of a route that is gone', 1, 'other')");
  reopen_with({route_to("all_t", {{"id", ":id"}, {"v", ":v"}})});
  window(3, [this] { upsert(2, 1, "a"); });
  load_all({row(1, "a")});
  EXPECT_EQ(rows_of("all_t"), "1=a 7=of a route that is gone");
}

TEST_F(ReplicaRoute, ThatNeverFittedEndsTheConsumerAtItsStart) {
  auto wrong = upper();
  wrong.columns[1].expression = "upper(:nothing)";
  EXPECT_THROW(reopen_with({wrong}), ConfigurationError);
}

TEST_F(ReplicaRoute, ATableIsMadeByTheOperatorsStatementAndByNothingElse) {
  auto route = route_to("mine", {{"id", ":id"}, {"v", ":v"}});
  route.create = true;
  route.create_statement =
      "CREATE TABLE Mine (id INTEGER PRIMARY KEY, v TEXT NOT NULL DEFAULT 'x' CHECK (v <> ''))";
  reopen_with({route});
  window(3, [this] { upsert(2, 1, "a"); });
  EXPECT_EQ(rows_of("mine"), "1=a");
  for (const std::string statement :
       {"DROP TABLE mine", "CREATE TABLE other (id)", "CREATE TABLE mine2 AS SELECT * FROM mine",
        "CREATE TABLE mine2 (id); DROP TABLE mine", "INSERT INTO mine VALUES (2, 'b', 0)", "nonsense"}) {
    auto bad = route;
    bad.table = "mine2";
    bad.create_statement = statement;
    EXPECT_THROW(reopen_with({bad}), ConfigurationError) << statement;
  }
  reopen_with({route});
  EXPECT_EQ(rows_of("mine"), "1=a");
}

TEST_F(ReplicaRoute, AColumnOfTheOperatorsTableThatTheSourceRenamesPausesItWithTheCommand) {
  by_hand("CREATE TABLE mine (id INTEGER PRIMARY KEY, v TEXT, note TEXT, _version INTEGER NOT NULL)");
  reopen_with({route_to("mine", {})});
  window(3, [this] { upsert(2, 1, "a"); });
  window(next_++, [&] {
    event(30, Op::Relation, without_v);
    event(31, Op::Update, R"({"id":1,"w":"b"})");
  });
  ASSERT_EQ(replica->paused_tables().size(), 1U);
  const std::string command = R"(ALTER TABLE "mine" RENAME COLUMN "v" TO "w")";
  EXPECT_TRUE(replica->paused_tables().front().ends_with(command)) << replica->paused_tables().front();
  by_hand(command);
  EXPECT_TRUE(replica->may_go_on());
  window(next_++, [&] { event(30, Op::Relation, without_v); });
  EXPECT_TRUE(replica->paused_tables().empty());
  window(next_++, [this] { chunk({R"({"id":1,"w":"b"})"}, true); });
  EXPECT_EQ(rows_of("mine", "id || '=' || w"), "1=b");
}

}  // namespace
}  // namespace mailboat::consumer
