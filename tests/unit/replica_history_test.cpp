// What becomes of a replica when its source turns out to have another history.
#include "consumer/window_applier.hpp"
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using Result = RetryOutcome::Result;

/// The old history: events up to 100 on timeline 1. The new one has lower ids.
class ReplicaHistory : public ReplicaFixture {
 protected:
  static constexpr SourceIdentity promoted{1, 1, 2};
  static constexpr auto wider =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"v","type":"text","number":2},{"name":"w","type":"text","number":3}]})";

  ReplicaHistory() {
    window(49, [this] { event(90, Op::Relation, relation); });
    window(50, [this] {
      replica->begin_load("public.t");
      chunk({row(1, "loaded"), row(2, "loaded")}, true);
    });
    window(100, [this] {
      upsert(98, 2, "old");
      upsert(99, 3, "old");
      upsert(100, 4, "old");
      remove(100, 4);
    });
  }

  /// The first window of the session in which the source tells of its new history.
  template <typename Content>
  void new_history(TransactionId covered, const Content& content, EventId shared = 0) {
    replica->begin();
    replica->forget_history(shared);
    event(20, Op::Relation, relation);
    replica->begin_load("public.t");
    content();
    replica->commit({promoted, Snapshot(covered + 1, covered + 1, {})});
  }
  void new_history(TransactionId covered) {
    new_history(covered, [] {});
  }

  [[nodiscard]] std::string versions() const {
    return test::SqliteReader(file).text("SELECT group_concat(id || ':' || _version, ' ') FROM t");
  }
  [[nodiscard]] std::int64_t count(const std::string& table) const {
    return test::SqliteReader(file).number("SELECT count(*) FROM " + table);
  }
};

TEST_F(ReplicaHistory, LowerIdsThanBeforeApply) {
  new_history(60);
  window(61, [this] {
    upsert(21, 2, "new");
    upsert(22, 9, "new");
    remove(23, 3);
  });
  EXPECT_EQ(rows(), "1=loaded 2=new 9=new");
  window(62, [this] { chunk({row(1, "reloaded"), row(2, "new"), row(9, "new")}, true); });
  window(63, [this] {
    upsert(24, 1, "after");
    remove(25, 2);
  });
  EXPECT_EQ(rows(), "1=after 9=new");
}

TEST_F(ReplicaHistory, RowsThatTheSourceDoesNotHaveGoWithTheLastChunkAndNotBefore) {
  new_history(60, [this] { chunk({row(1, "reloaded")}, false); });
  EXPECT_EQ(rows(), "1=reloaded 2=old 3=old");
  window(61, [this] { upsert(21, 5, "live"); });
  window(62, [this] { chunk({row(6, "reloaded")}, true); });
  EXPECT_EQ(rows(), "1=reloaded 5=live 6=reloaded");
}

TEST_F(ReplicaHistory, OfAWindowThatIsRolledBackLeavesEverythingAsItWas) {
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON t WHEN NEW.v = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); END");
  window(101, [this] { upsert(101, 7, "poison"); });
  const auto before = versions();
  reopen();
  {
    WindowApplier applier(*replica, Welcome{promoted, {}, true, 0});
    Frame first;
    first.window = 1;
    first.from = replica->cursor()->snapshot;
    EXPECT_FALSE(applier.apply(first).has_value());
  }
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(rejected(), (std::vector<EventId>{101}));
  EXPECT_EQ(count("_mailboat_tombstone"), 1);
  EXPECT_TRUE(replica->unfinished_loads().empty());
  EXPECT_EQ(replica->cursor()->source.timeline, 1U);
  EXPECT_EQ(retry_upsert(97, 3, "older than its row"), Result::Superseded);
  EXPECT_EQ(retry_upsert(99, 4, "older than its tombstone"), Result::Superseded);
  EXPECT_EQ(retry_upsert(40, 1, "older than its chunk"), Result::Superseded);
  window(102, [this] {
    event(89, Op::Relation, wider);
    upsert(102, 3, "goes on");
  });
  EXPECT_EQ(rows(), "1=loaded 2=old 3=goes on");
  EXPECT_EQ(test::SqliteReader(file).number("SELECT count(*) FROM pragma_table_info('t')"), 3);
}

TEST_F(ReplicaHistory, IsForgottenInTheFirstWindowOfItsSessionOnly) {
  WindowApplier applier(*replica, Welcome{promoted, {}, true, 0});
  const auto send = [&](std::uint64_t number, const EventBatch& events, bool begins) {
    Frame frame;
    frame.window = number;
    frame.from = replica->cursor()->snapshot;
    frame.events = events;
    if (begins) frame.load_begins = {"public.t"};
    frame.last = true;
    frame.to = Snapshot(60 + number, 60 + number, {});
    ASSERT_TRUE(applier.apply(frame).has_value());
  };
  send(1, {}, true);
  EXPECT_EQ(replica->cursor()->source, promoted);
  send(2, batch(21, Op::Update, row(2, "new")), false);
  send(3, {}, false);
  EXPECT_EQ(test::SqliteReader(file).number("SELECT _version FROM t WHERE id = 2"), 21);
  EXPECT_EQ(replica->unfinished_loads().size(), 1U);
}

TEST_F(ReplicaHistory, ALoadThatWasCutShortGoesOnAfterTheFileIsOpenedAgain) {
  new_history(60, [this] { chunk({row(1, "reloaded")}, false); });
  reopen();
  ASSERT_EQ(replica->unfinished_loads().size(), 1U);
  window(61, [this] { upsert(21, 3, "live"); });
  window(62, [this] { chunk({row(6, "reloaded")}, true); });
  EXPECT_EQ(rows(), "1=reloaded 3=live 6=reloaded");
}

TEST_F(ReplicaHistory, MayBeForgottenAgainBeforeItsLoadHasEnded) {
  new_history(60, [this] { chunk({row(1, "first try")}, false); });
  window(61, [this] { upsert(21, 3, "live"); });
  new_history(70, [this] { chunk({row(3, "live")}, false); });
  EXPECT_EQ(rows(), "1=first try 2=old 3=live");
  window(71, [this] { upsert(22, 3, "later"); });
  window(72, [this] { chunk({row(6, "second try")}, true); });
  EXPECT_EQ(rows(), "3=later 6=second try");
}

TEST_F(ReplicaHistory, OldTombstonesAndChunksDoNotHoldBackARetry) {
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON t WHEN NEW.v = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); END");
  new_history(60, [this] { chunk({}, false); });
  EventBatch events;
  events.add({21, 61, "public.t", Op::Insert, row(4, "poison")});
  window(61, [&] { apply(events); });
  EXPECT_EQ(rejected(), (std::vector<EventId>{21}));
  by_hand("DROP TRIGGER poison");
  EXPECT_EQ(replica->retry(events).outcomes.front().result, Result::Applied) << "a tombstone of event 100";
  EventBatch update;
  update.add({22, 30, "public.t", Op::Update, row(1, "of a transaction that the old chunk covered")});
  window(62, [&] {
    chunk({}, true, true);  // given up, so that the row's own version counts
  });
  EXPECT_EQ(replica->retry(update).outcomes.front().result, Result::Applied);
}

TEST_F(ReplicaHistory, RejectionsOfTheOldOneAreForgotten) {
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON t WHEN NEW.v = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); END");
  window(101, [this] { upsert(101, 7, "poison"); });
  ASSERT_EQ(rejected(), (std::vector<EventId>{101}));
  new_history(60);
  EXPECT_TRUE(rejected().empty());
}

TEST_F(ReplicaHistory, WhatWasVerifiedInTheOldOneIsForgotten) {
  const auto verified = [this](bool ends_load) {
    LoadChunk piece{"public.t", {}, {"2"}, true, ends_load, 0, false, LoadChunk::Purpose::Verify, 7, true};
    piece.rows.add(row(1, "loaded"));
    replica->verify(piece);
  };
  window(101, [&] { verified(true); });
  ASSERT_EQ(replica->unconfirmed_verifications().size(), 1U);
  window(102, [&] { verified(false); });
  ASSERT_TRUE(replica->running_verification().has_value());
  new_history(60);
  EXPECT_TRUE(replica->unconfirmed_verifications().empty());
  EXPECT_FALSE(replica->running_verification().has_value());
}

TEST_F(ReplicaHistory, ADescriptionCountsWhateverItsId) {
  new_history(60);
  window(61, [this] { event(22, Op::Relation, wider); });
  window(62, [this] { event(23, Op::Update, R"({"id":3,"v":"new","w":"wide"})"); });
  EXPECT_EQ(test::SqliteReader(file).text("SELECT w FROM t WHERE id = 3"), "wide");
}

TEST_F(ReplicaHistory, ADescriptionOfATableThatIsTrackedAgainLaterCountsAsWell) {
  replica->begin();
  replica->forget_history(0);
  replica->commit({promoted, Snapshot(61, 61, {})});
  reopen();
  window(62, [this] { event(20, Op::Relation, wider); });
  window(63, [this] { event(21, Op::Update, R"({"id":3,"v":"new","w":"wide"})"); });
  EXPECT_EQ(test::SqliteReader(file).text("SELECT w FROM t WHERE id = 3"), "wide");
}

TEST_F(ReplicaHistory, ADescriptionThatDidNotFitInTheOldOneIsForgotten) {
  by_hand("CREATE TABLE u (mine TEXT)");
  EventBatch described;
  described.add({110, 110, "public.u", Op::Relation,
                 R"({"schema":"public","table":"u","key":["id"],"columns":[)"
                 R"({"name":"id","type":"integer","number":1}]})"});
  window(110, [&] { apply(described); });
  EXPECT_EQ(replica->paused_tables().size(), 1U);
  by_hand("DROP TABLE u");
  EventBatch events;
  events.add({19, 19, "public.u", Op::Relation,
              R"({"schema":"public","table":"u","key":["id"],"columns":[)"
              R"({"name":"id","type":"integer","number":1}]})"});
  events.add({21, 61, "public.u", Op::Insert, R"({"id":1})"});
  new_history(60, [&] { apply(events); });
  EXPECT_TRUE(replica->paused_tables().empty());
  EXPECT_EQ(count("u"), 1);
}

TEST_F(ReplicaHistory, ATableThatIsNotLoadedAnewIsNamedAndKeepsItsRows) {
  replica->begin();
  replica->forget_history(0);
  replica->commit({promoted, Snapshot(61, 61, {})});
  EXPECT_EQ(replica->summary().left_alone, (std::vector<std::string>{"public.t"}));
  EXPECT_EQ(rows(), "1=loaded 2=old 3=old");
  new_history(62);
  EXPECT_TRUE(replica->summary().left_alone.empty());
}

TEST_F(ReplicaHistory, MarksOfALoadUnderWayAreGone) {
  window(101, [this] { replica->begin_load("public.t"); });
  window(102, [this] { upsert(97, 8, "committed late"); });
  ASSERT_EQ(count("sqlite_master WHERE name LIKE '%seen%'"), 1);
  new_history(60);
  EXPECT_EQ(count("sqlite_master WHERE name LIKE '%seen%'"), 0);
  window(61, [this] { chunk({row(1, "reloaded")}, true); });
  EXPECT_EQ(rows(), "1=reloaded");
}

/// A table of the operator's, which no load can put right.
class RoutedHistory : public ReplicaFixture {
 protected:
  RoutedHistory() {
    by_hand("CREATE TABLE mine (id INTEGER PRIMARY KEY, v TEXT, _version INTEGER NOT NULL)");
    replica.reset();
    Route route{.topic = "order", .name = "order", .table = "mine"};
    route.key = {"id"};
    replica = std::make_unique<Replica>(Replica::Options{file, "test", {route}, 1000});
    window(100, [this] {
      published(98, 1, "shared");
      published(99, 2, "lost");
    });
  }
  static EventBatch one(EventId id, int key, const std::string& value) {
    EventBatch events;
    events.add({id, id, "order", Op::Update, row(key, value)});
    return events;
  }
  void published(EventId id, int key, const std::string& value) { apply(one(id, key, value)); }
  void new_history(EventId shared) {
    replica->begin();
    replica->forget_history(shared);
    replica->commit({{1, 1, 2}, Snapshot(61, 61, {})});
  }
  [[nodiscard]] std::string mine() const {
    return test::SqliteReader(file).text("SELECT group_concat(id || '=' || v, ' ') FROM mine");
  }
};

TEST_F(RoutedHistory, ARetryOfASharedEventStaysOlderThanTheRowThatOvertookIt) {
  new_history(98);
  EXPECT_EQ(replica->retry(one(97, 1, "older")).outcomes.front().result, Result::Superseded);
  window(62, [this] { published(99, 1, "newer"); });
  EXPECT_EQ(mine(), "1=newer 2=lost");
}

TEST_F(RoutedHistory, AnEventThatTheSourceHasLostDoesNotHoldBackTheNextOfItsKey) {
  new_history(90);
  window(62, [this] { published(91, 2, "new"); });
  EXPECT_EQ(mine(), "1=shared 2=new");
}

TEST_F(RoutedHistory, OfAnotherSourceCountsForNothing) {
  new_history(0);
  window(62, [this] {
    published(1, 1, "new");
    published(2, 2, "new");
  });
  EXPECT_EQ(mine(), "1=new 2=new");
}

}  // namespace
}  // namespace mailboat::consumer
