// Which events of the log a replay reads.
#include "producer/replay_reader.hpp"

#include <gmock/gmock.h>

#include "tests/integration/window_fixture.hpp"

namespace mailboat::producer {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class ReplayReading : public WindowTest {
 protected:
  ReplayReading() {
    admin_.query("SELECT outbox.subscribe('s', 'now'); SELECT outbox.request_replay('s')");
    subscription_ = find_subscription(source_, "s");
  }
  Snapshot now() { return Snapshot::parse(admin_.query("SELECT pg_current_snapshot()").text(0, 0)); }
  /// Publishes so many events; the next id is `first`.
  void publish(int count) {
    admin_.query("SELECT outbox.publish('app', '{}') FROM generate_series(1, " + std::to_string(count) + ")");
  }

  Subscription subscription_;
};

TEST_F(ReplayReading, OnlyWhatTheSnapshotCovers) {
  publish(1);  // 2, after the table's description
  const auto sent = now();
  publish(1);
  ReplayReader reader(source_, subscription_, 1);
  const auto batch = reader.read(0, 3, sent, 10, batch_bytes);
  EXPECT_THAT(batch.ids, ElementsAre(2U));
  EXPECT_EQ(batch.through, 3U);
}

TEST_F(ReplayReading, BatchByBatchInOrderOfIds) {
  publish(5);
  ReplayReader reader(source_, subscription_, 1);
  auto batch = reader.read(0, 6, now(), 2, batch_bytes);
  EXPECT_THAT(batch.ids, ElementsAre(2U, 3U));
  EXPECT_EQ(batch.through, 3U);
  batch = reader.read(batch.through, 6, now(), 10, batch_bytes);
  EXPECT_THAT(batch.ids, ElementsAre(4U, 5U, 6U));
  EXPECT_EQ(batch.through, 6U);
}

TEST_F(ReplayReading, LargeEventsMakeSmallBatches) {
  admin_.query("INSERT INTO item SELECT n, repeat('x', 100000) FROM generate_series(1, 3) n");  // 2, 3, 4
  ReplayReader reader(source_, subscription_, 1);
  auto batch = reader.read(0, 4, now(), 10, batch_bytes);
  EXPECT_THAT(batch.ids, ElementsAre(2U));
  EXPECT_THAT(batch.events.ids(), ElementsAre(1U, 2U)) << "with the table's description";
  EXPECT_EQ(batch.through, 2U);
  EXPECT_GT(batch.events.bytes(), 100'000U);
  batch = reader.read(batch.through, 4, now(), 10, batch_bytes);
  EXPECT_THAT(batch.ids, ElementsAre(3U));
}

TEST_F(ReplayReading, LooksFurtherAheadWhereNothingMatches) {
  admin_.query("SELECT nextval('outbox.event_id') FROM generate_series(1, 100000)");  // rolled back, say
  publish(1);
  const EventId last = 100'002;
  ReplayReader reader(source_, subscription_, 1);
  int looks = 0;
  for (EventId after = 1; after < last; ++looks) {
    const auto batch = reader.read(after, last, now(), 10, batch_bytes);
    ASSERT_GT(batch.through, after);
    after = batch.through;
    EXPECT_THAT(batch.ids, SizeIs(after == last ? 1 : 0));
  }
  EXPECT_LT(looks, 12);
}

TEST_F(ReplayReading, ReadsNeitherTheWholeLogNorItsWholePrimaryKeyForEachBatch) {
  if (source_.server_version() < 150000) GTEST_SKIP() << "its counters come late";
  publish(100'000);
  admin_.query("SELECT outbox.summarize_log()");
  const auto pages_read = [this] {
    source_.query("SELECT pg_stat_force_next_flush()");
    source_.query("SELECT pg_stat_clear_snapshot()");
    return source_
        .query(
            "SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit FROM pg_statio_all_tables"
            " WHERE relname = 'event_1_500000'")
        .int64(0, 0);
  };
  const auto sent = now();
  const auto before = pages_read();
  ReplayReader reader(source_, subscription_, 1);
  EXPECT_THAT(reader.read(50'000, 100'000, sent, 500, batch_bytes).ids, SizeIs(500));
  const auto key_pages = source_.query(
      "SELECT pg_relation_size('outbox.event_1_500000_pkey') / current_setting('block_size')::int");
  EXPECT_GT(pages_read(), before) << "so that this test sees anything";
  EXPECT_LT(pages_read() - before, key_pages.int64(0, 0) / 2);
}

}  // namespace
}  // namespace mailboat::producer
