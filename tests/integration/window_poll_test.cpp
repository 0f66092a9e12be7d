// Windows that come with a poll: they are what a transaction of their own would have read.
#include <algorithm>
#include <gmock/gmock.h>

#include "producer/window_query.hpp"
#include "tests/integration/window_fixture.hpp"
#include "tests/integration/window_writers.hpp"

namespace mailboat::producer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PolledWindow : public WindowTest {
 protected:
  struct Window {
    Snapshot from;
    Snapshot to;
    std::vector<EventId> ids;
  };
  PolledWindow() { from_ = opened().to; }

  Window rest_of_window(WindowReader& reader, const Snapshot& from) {
    const auto events = read_all(reader);
    reader.finish();
    return {from, reader.to(), {events.ids().begin(), events.ids().end()}};
  }
  Window opened() {
    reader_.open(from_);
    return rest_of_window(reader_, from_);
  }
  /// Fails where the window does not come with the poll.
  Window polled() {
    const auto poll = reader_.poll(from_);
    EXPECT_TRUE(poll.is_window);
    auto window = rest_of_window(reader_, from_);
    EXPECT_EQ(window.to, poll.now);
    EXPECT_EQ(poll.has_events, !window.ids.empty());
    return window;
  }
  bool is_polled() { return reader_.poll(from_).is_window; }

  void insert(int first, int last) {
    admin_.query("INSERT INTO item SELECT n, 'x' FROM generate_series($1::int, $2::int) n",
                 {std::to_string(first), std::to_string(last)});
  }
  /// By PostgreSQL's own idea of a snapshot.
  std::vector<EventId> between(const Snapshot& from, const Snapshot& to) {
    const auto rows = admin_.query(
        "SELECT id FROM outbox.event WHERE NOT pg_visible_in_snapshot(txid, $1::pg_snapshot)"
        " AND pg_visible_in_snapshot(txid, $2::pg_snapshot) ORDER BY id",
        {from.to_string(), to.to_string()});
    std::vector<EventId> ids;
    for (int row = 0; row < rows.size(); ++row) ids.push_back(rows.uint64(row, 0));
    return ids;
  }

  Snapshot from_;
};

TEST_F(PolledWindow, HasTheEventsThatAnOpenedOneHasInTheSameOrder) {
  postgres::Connection early(conninfo_, "takes its ids before and commits after the others");
  early.query("BEGIN; INSERT INTO item VALUES (-1), (-2)");
  insert(1, 5);
  from_ = polled().to;
  insert(6, 10);
  early.query("COMMIT");
  const auto window = polled();
  EXPECT_THAT(window.ids, SizeIs(7));
  EXPECT_EQ(window.ids, opened().ids);
  EXPECT_EQ(window.ids, between(window.from, window.to));
}

TEST_F(PolledWindow, IsExactWhateverWritersDo) {
  std::vector<Window> windows;
  int with_events = 0;
  const auto read_window = [&] {
    const auto poll = reader_.poll(from_);
    if (!poll.is_window) reader_.open(from_);
    windows.push_back(rest_of_window(reader_, from_));
    from_ = windows.back().to;
    if (poll.is_window && poll.has_events) ++with_events;
  };
  Writers writers(conninfo_, 8);
  while (writers.transactions() < 1000) read_window();
  writers.finish();
  read_window();
  for (const auto& window : windows) ASSERT_EQ(window.ids, between(window.from, window.to));
  EXPECT_GT(with_events, 50);
}

TEST_F(PolledWindow, MayBeEmptyAndMoveTheCursor) {
  admin_.query("SELECT pg_current_xact_id()");
  const auto window = polled();
  EXPECT_THAT(window.ids, IsEmpty());
  EXPECT_NE(window.to, from_);
}

TEST_F(PolledWindow, HasFewEvents) {
  insert(1, few_events);
  EXPECT_THAT(polled().ids, SizeIs(few_events));
  insert(few_events + 1, few_events + 1);
  EXPECT_FALSE(is_polled());
  EXPECT_THAT(opened().ids, SizeIs(few_events + 1));
}

TEST_F(PolledWindow, HasNothingThatAsksForMoreToBeRead) {
  const std::vector<std::string> changes{"ALTER TABLE item ADD extra int",
                                         "INSERT INTO item VALUES (1, repeat('0123456789', 1000))",
                                         "INSERT INTO outbox.event (topic, op) VALUES ('public.item', 'U')"};
  for (const auto& change : changes) {
    admin_.query(change);
    const auto poll = reader_.poll(from_);
    EXPECT_TRUE(poll.has_events) << change;
    EXPECT_FALSE(poll.is_window) << change;
    const auto window = opened();
    EXPECT_THAT(window.ids, SizeIs(1)) << change;
    from_ = window.to;
  }
  admin_.query("TRUNCATE item");
  EXPECT_THAT(polled().ids, SizeIs(1)) << "this one has no content by nature";
}

TEST_F(PolledWindow, HasOnlyWhatTheSubscriptionTakesByItsNameNow) {
  const auto wanted = subscribed("some", "load", "{public.item}");
  WindowReader some(source_, wanted);
  some.open(from_);
  rest_of_window(some, from_);
  admin_.query("INSERT INTO item VALUES (1); SELECT outbox.publish('unwanted', '{}')");
  ASSERT_TRUE(some.poll(from_).is_window);
  EXPECT_EQ(read_all(some).topic_names(), std::vector<std::string>{"public.item"});
  from_ = some.to();

  admin_.query("ALTER TABLE item RENAME TO thing; INSERT INTO thing VALUES (2)");
  EXPECT_FALSE(some.poll(from_).is_window) << "what it takes is called otherwise";
  some.open(from_);
  from_ = rest_of_window(some, from_).to;
  admin_.query("INSERT INTO thing VALUES (3)");
  ASSERT_TRUE(some.poll(from_).is_window);
  EXPECT_EQ(read_all(some).topic_names(), std::vector<std::string>{"public.thing"});
}

TEST_F(PolledWindow, ComesFromAllPartitionsWhileTheyComeAndGo) {
  for (int round = 0; round < 8; ++round) {
    admin_.query("SELECT outbox.arrange_partitions('{}', '{1000}')");
    for (int partition = 0; partition <= round; ++partition) {
      admin_.query(
          "INSERT INTO outbox.event (id, topic, op, payload) SELECT from_id + $2::int, 'any', 'U', '{}'"
          " FROM outbox.partitions() ORDER BY from_id DESC OFFSET $1::int LIMIT 1",
          {std::to_string(partition), std::to_string(100 + round)});
    }
    const auto window = polled();
    EXPECT_THAT(window.ids, SizeIs(static_cast<std::size_t>(round) + 1));
    EXPECT_EQ(window.ids, between(window.from, window.to));
    from_ = window.to;
  }
}

// The statistics know of no new transaction ids: a plan that counts on them would be another each time.
TEST_F(PolledWindow, IsPlannedOnceAndForGood) {
  if (source_.server_version() < 140000) GTEST_SKIP() << "PostgreSQL 13 does not tell";
  insert(1, 20'000);
  admin_.query("ANALYZE outbox.event");
  from_ = opened().to;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(is_polled());
  const auto plans = source_.query(
      "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE '%outbox.event%'");
  ASSERT_EQ(plans.size(), 1);
  EXPECT_EQ(plans.int64(0, 0), 5) << "PostgreSQL always begins with five that are made for their values";
  EXPECT_GE(plans.int64(0, 1), 15);
}

// As for one that is opened: see await_flushed().
TEST_F(PolledWindow, IsDurableBeforeItMayBecomeACursor) {
  admin_.query("BEGIN; SET LOCAL synchronous_commit = off; INSERT INTO item VALUES (1); COMMIT");
  const auto written = admin_.query("SELECT pg_current_wal_insert_lsn()");
  ASSERT_THAT(polled().ids, SizeIs(1));
  reader_.await_durable();
  EXPECT_TRUE(
      admin_.query("SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn", {std::string(written.text(0, 0))})
          .boolean(0, 0));
}

// However it is stored: as it is, compressed within its row, or apart from it. PostgreSQL 13 has no function
// that tells of compression, so there each one is looked at.
TEST_F(PolledWindow, LeavesLargePayloadsBehindAndBringsTheOthers) {
  admin_.query(
      "INSERT INTO item SELECT n, CASE n WHEN 1 THEN 'x' WHEN 2 THEN repeat('x', 5000) WHEN 3 THEN "
      "repeat('x', 9000)"
      " ELSE (SELECT string_agg(md5(i::text), '') FROM generate_series(1, CASE n WHEN 4 THEN 200 ELSE 300 "
      "END) i) END"
      " FROM generate_series(1, 5) n");
  for (const int version : {130'000, admin_.server_version()}) {
    const auto query = poll_query(everything_, from_, reader_.taken(), version);
    const auto rows = source_.query(query.sql, query.params);
    std::vector<bool> came;
    for (int row = 0; row < rows.size(); ++row) came.push_back(!rows.is_null(row, EventColumn::Payload));
    EXPECT_THAT(came, ElementsAre(true, true, false, true, false)) << version;
  }
}

}  // namespace
}  // namespace mailboat::producer
