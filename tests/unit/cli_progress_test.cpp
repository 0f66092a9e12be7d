#include <gtest/gtest.h>
#include <sstream>

#include "cli/operation_wait.hpp"
#include "cli/progress.hpp"
#include "cli/progress_display.hpp"

namespace mailboat::cli {
namespace {

Progress half_way() {
  return {.what = "load 7: public.orders (2 of 5)",
          .done = 500'000,
          .expected = 1'000'000,
          .is_estimate = true,
          .per_second = 12'345.6,
          .seconds_left = 190.2};
}

TEST(ProgressText, TellsRowsRateAndEnd) {
  EXPECT_EQ(progress_text(half_way()),
            "500,000 of about 1,000,000 rows (50 %), 12,346 rows/s, about 3 min left");
}

TEST(ProgressText, LeavesOutWhatNobodyKnows) {
  EXPECT_EQ(progress_text({.what = "x", .done = 7}), "7 rows");
  EXPECT_EQ(progress_text({.what = "x", .done = 7, .expected = 0, .is_estimate = true}), "7 rows");
  EXPECT_EQ(progress_text({.what = "x", .unit = "events", .done = 7, .expected = 14, .per_second = 2}),
            "7 of 14 events (50 %), 2 events/s");
}

TEST(ProgressText, NeverSaysThatAnEstimateIsReached) {
  auto progress = half_way();
  progress.done = 3'000'000;
  progress.seconds_left = 0;
  EXPECT_EQ(progress_text(progress), "3,000,000 of about 1,000,000 rows (99 %), 12,346 rows/s");
  progress.is_estimate = false;
  progress.done = 1'000'000;
  EXPECT_EQ(progress_text(progress), "1,000,000 of 1,000,000 rows (100 %), 12,346 rows/s");
}

TEST(ProgressBar, FillsWhatTheScreenLeaves) {
  EXPECT_EQ(progress_bar(half_way(), 200),
            "load 7: public.orders (2 of 5)  [###############---------------]  " + progress_text(half_way()));
  const auto tight = progress_bar(half_way(), 120);
  EXPECT_EQ(tight, "load 7: public.orders (2 of 5)  [######-------]  " + progress_text(half_way()));
  EXPECT_EQ(tight.size(), 120U);
}

TEST(ProgressBar, NeverIsWiderThanTheScreen) {
  EXPECT_EQ(progress_bar(half_way(), 110), "load 7: public.orders (2 of 5): " + progress_text(half_way()));
  for (std::size_t columns = 10; columns < 110; columns += 7) {
    const auto bar = progress_bar(half_way(), columns);
    EXPECT_LE(bar.size(), columns + std::string("…").size() - 1) << bar;
  }
}

TEST(ProgressBar, ShowsNoneWithoutAnEnd) {
  EXPECT_EQ(progress_bar({.what = "load 7: t", .done = 7, .expected = 0}, 100), "load 7: t: 7 rows");
}

OperationStatus load_of(std::vector<TableStatus> tables) {
  OperationStatus operation;
  operation.id = 7;
  operation.subscription = "shop";
  operation.kind = "load";
  operation.status = "running";
  operation.connected = true;
  operation.tables = std::move(tables);
  return operation;
}

TableStatus table(const std::string& topic, const std::string& status, std::int64_t rows,
                  std::int64_t estimated) {
  TableStatus table;
  table.topic = topic;
  table.status = status;
  table.rows = rows;
  table.estimated_rows = estimated;
  return table;
}

TEST(ProgressOfAnOperation, IsThatOfTheTableUnderWayAndTheTimeThatAllTake) {
  const auto load = load_of(
      {table("a", "completed", 1000, 900), table("b", "running", 100, 300), table("c", "requested", 0, 800)});
  EXPECT_EQ(counted(load), 1100U);
  const auto progress = progress_of(load, 10, std::nullopt);
  EXPECT_EQ(progress.what, "load 7: b (2 of 3)");
  EXPECT_EQ(progress.done, 100);
  EXPECT_EQ(progress.expected, 300);
  EXPECT_EQ(progress.seconds_left, 100.0);
}

TEST(ProgressOfAnOperation, HasNoEndWhileItsTableHasNoEstimateOrNothingMoves) {
  const auto load = load_of({table("a", "running", 100, 0), table("b", "requested", 0, 300)});
  EXPECT_EQ(progress_of(load, 10, std::nullopt).seconds_left, std::nullopt);
  EXPECT_EQ(progress_of(load_of({table("a", "running", 100, 300)}), 0, std::nullopt).seconds_left,
            std::nullopt);
}

TEST(ProgressOfAnOperation, CountsTheEventsOfAReplay) {
  OperationStatus replay;
  replay.id = 9;
  replay.kind = "replay";
  replay.replay.emplace().sent = 40;
  EXPECT_EQ(progress_text(progress_of(replay, 20, 100)),
            "40 of 100 events (40 %), 20 events/s, about 3.0 s left");
  EXPECT_EQ(progress_text(progress_of(replay, 20, std::nullopt)), "40 events, 20 events/s");
  EXPECT_EQ(progress_of(replay, 20, 100).what, "replay 9");
}

TEST(Hindrance, IsTheConsumerThatIsAwayTheTroubleOrTheOneBefore) {
  auto load = load_of({});
  EXPECT_EQ(hindrance(load), "");
  load.trouble = "disk full\x1b[2J";
  EXPECT_EQ(hindrance(load), "load 7 waits: the replica is in trouble: disk full\\u001b[2J");
  load.connected = false;
  EXPECT_EQ(
      hindrance(load),
      "load 7 waits: no mailboat-consumer of subscription shop is connected to a mailboat-producer. Its "
      "replica is in trouble: disk full\\u001b[2J");
  load = load_of({});
  load.waits_for = 6;
  EXPECT_EQ(hindrance(load), "");
  load.status = "requested";
  EXPECT_EQ(hindrance(load), "load 7 waits for operation 6, which was asked for before");
}

class Display : public testing::Test {
 protected:
  std::ostringstream out, err;
  const ProgressDisplay::Clock::time_point start = ProgressDisplay::Clock::now();
  const Progress first{.what = "load 7: a (1 of 2)", .done = 7};
  const Progress second{.what = "load 7: b (2 of 2)", .done = 8};
};

TEST_F(Display, OnAScreenIsOneLineThatIsWrittenOver) {
  {
    const Terminal terminal{out, err, nullptr, true};
    ProgressDisplay display(terminal);
    display.show(first, start);
    display.show(second, start);
    display.say("something waits");
    display.say("something waits");
    display.show(first, start);
  }
  EXPECT_EQ(err.str(),
            "\r\x1b[Kload 7: a (1 of 2): 7 rows\r\x1b[Kload 7: b (2 of 2): 8 rows\r\x1b[Ksomething waits\n"
            "\r\x1b[Kload 7: a (1 of 2): 7 rows\r\x1b[K");
  EXPECT_EQ(out.str(), "");
}

TEST_F(Display, ElsewhereIsALineForEachTableAndOneEveryTenSeconds) {
  {
    const Terminal terminal{out, err};
    ProgressDisplay display(terminal);
    for (int tick = 0; tick < 25; ++tick) display.show(first, start + std::chrono::seconds(tick));
    display.show(second, start + std::chrono::seconds(25));
  }
  EXPECT_EQ(err.str(),
            "load 7: a (1 of 2): 7 rows\nload 7: a (1 of 2): 7 rows\nload 7: a (1 of 2): 7 rows\n"
            "load 7: b (2 of 2): 8 rows\n");
}

}  // namespace
}  // namespace mailboat::cli
