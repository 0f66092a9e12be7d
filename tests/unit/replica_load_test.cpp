// What a load that begins anew does to the rows of a replica.
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

class ReplicaLoad : public ReplicaFixture {};

TEST_F(ReplicaLoad, RowsThatNobodyHasSeenSinceItBeganAreGoneWhenItEnds) {
  window(2, [this] { upsert(2, 1, "a"); });
  window(3, [this] { upsert(3, 2, "b"); });
  window(4, [this] {
    replica->begin_load("public.t");
    chunk({row(2, "b")}, false);
  });
  EXPECT_EQ(rows(), "1=a 2=b") << "until it ends, nothing goes";
  window(5, [this] { chunk({row(3, "c")}, true); });
  EXPECT_EQ(rows(), "2=b 3=c");
}

TEST_F(ReplicaLoad, AnOlderEventThatCommitsDuringItKeepsItsRow) {
  window(9, [this] { upsert(9, 9, "i"); });
  window(10, [this] {
    replica->begin_load("public.t");
    chunk({row(9, "i")}, false);
  });
  window(11, [this] { upsert(5, 5, "e"); });
  window(12, [this] { chunk({}, true); });
  EXPECT_EQ(rows(), "5=e 9=i");
}

TEST_F(ReplicaLoad, AnOlderEventsRowKeepsItsVersionForTheRetriesToCome) {
  window(9, [this] { upsert(9, 9, "i"); });
  window(10, [this] { replica->begin_load("public.t"); });
  window(10, [this] { chunk({row(9, "i")}, false); });
  by_hand("CREATE UNIQUE INDEX by_hand ON t (v)");
  EventBatch events;  // committed after the load's first chunk
  events.add({5, 11, "public.t", Op::Insert, row(5, "e")});
  events.add({7, 11, "public.t", Op::Update, row(5, "i")});
  window(12, [&] { apply(events); });
  EXPECT_EQ(rejected(), (std::vector<EventId>{7}));
  window(13, [this] { chunk({}, true); });
  by_hand("DROP INDEX by_hand");
  EventBatch again;
  again.add({7, 11, "public.t", Op::Update, row(5, "i")});
  EXPECT_EQ(replica->retry(again).outcomes.front().result, RetryOutcome::Result::Applied);
  EXPECT_EQ(rows(), "5=i 9=i");
}

TEST_F(ReplicaLoad, ALoadThatIsGivenUpTakesNothingAway) {
  window(2, [this] { upsert(2, 1, "a"); });
  window(3, [this] { replica->begin_load("public.t"); });
  window(4, [this] { chunk({}, true, true); });
  EXPECT_EQ(rows(), "1=a");
  EXPECT_TRUE(replica->unfinished_loads().empty());
}

TEST_F(ReplicaLoad, WaitsWhereItWasWhenARowIsRefusedWhileEventsGoOn) {
  by_hand(
      "DROP TABLE t; CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT CHECK (v <> 'bad'), _version "
      "INTEGER NOT NULL)");
  window(2, [this] {
    replica->begin_load("public.t");
    chunk({row(1, "a")}, false);
  });
  window(3, [this] {
    upsert(3, 9, "event");
    chunk({row(2, "b"), row(3, "bad")}, true);
  });
  EXPECT_EQ(replica->summary().refused_load, "public.t");
  EXPECT_NE(replica->summary().refused_load_reason.find("CHECK constraint failed"), std::string::npos);
  EXPECT_EQ(rows(), "1=a 9=event") << "nothing of the chunk is there";
  const auto loads = replica->unfinished_loads();
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads.front().rows, 1U);
  EXPECT_TRUE(rejected().empty()) << "a loaded row is no event";
}

TEST_F(ReplicaLoad, OfATableThatCouldNotBeMadeBeginsOnceItIs) {
  by_hand("CREATE TABLE u (mine TEXT)");
  const std::string other =
      R"({"schema":"public","table":"u","key":["id"],"columns":[{"name":"id","type":"integer","number":1}]})";
  EventBatch events;
  events.add({2, 2, "public.u", Op::Relation, other});
  window(2, [&] {
    apply(events);
    replica->begin_load("public.u");
  });
  ASSERT_EQ(replica->paused_tables().size(), 1U);
  EXPECT_NE(replica->paused_tables().front().find("Rename or drop that table"), std::string::npos);
  EXPECT_FALSE(replica->may_go_on());
  window(3, [&] { apply(events); });
  reopen();
  EXPECT_EQ(replica->paused_tables().size(), 1U) << "another try must not take the table in the way for ours";

  by_hand("DROP TABLE u");
  EXPECT_TRUE(replica->may_go_on()) << "a new session brings the description again";
  replica->begin_session();
  EXPECT_FALSE(replica->may_go_on()) << "which must not end before it has done so";
  window(4, [&] { apply(events); });
  EXPECT_TRUE(replica->paused_tables().empty());
  EXPECT_TRUE(replica->has_own_loads());
  EXPECT_EQ(replica->unfinished_loads().size(), 1U);
  window(5, [this] {
    LoadChunk piece{"public.u", {}, {"1"}, true, true, 0, false};
    piece.rows.add(R"({"id":1})");
    replica->apply(piece);
  });
  EXPECT_EQ(test::SqliteReader(file).text("SELECT count(*) FROM u"), "1");
}

}  // namespace
}  // namespace mailboat::consumer
