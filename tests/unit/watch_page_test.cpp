#include "cli/watch_page.hpp"

#include <gtest/gtest.h>

#include "cli/sparkline.hpp"
#include "cli/status_watch.hpp"
#include "cli/text_table.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Style = ScreenLine::Style;
using test::environment_of;
using Lags = WatchHistory::Lags;

SubscriptionStatus subscription(const std::string& name, std::int64_t lag = 0) {
  SubscriptionStatus status;
  status.name = name;
  status.state = "active";
  status.connected = true;
  status.lag_events = lag;
  return status;
}

/// A busy system: everything that a page can show.
WatchView busy() {
  WatchView view;
  auto shop = subscription("shop", 1'234'567);
  shop.lag_seconds = 8;
  shop.load = LoadStatus{"public.orders", 1500, 6000, 2, 12'000, 300};
  shop.tasks = {2, 1, 480};
  auto away = subscription("the-replica-of-the-branch-office");
  away.connected = false;
  away.trouble = Trouble{"cannot write to SQLite file '/data/r.db': disk full", 60};
  OperationStatus verification;
  verification.id = 8;
  verification.subscription = "shop";
  verification.kind = "verify";
  verification.status = "requested";
  verification.connected = true;
  view.report = {{shop, away}, {verification}, {}};
  view.report.log.bytes = 5 << 20;
  view.report.log.partitions = 3;
  view.looked_at = "12:34:56 UTC";
  for (int look = 0; look < 70; ++look) {
    view.report.subscriptions.front().acked_event_id += 2000;
    view.report.log.last_event_id += 4000;
    view.report.subscriptions.front().lag_events = 1'234'567 * (look % 10) / 9;
    view.history.add(WatchHistory::Clock::time_point(seconds(2 * look)), view.report);
  }
  return view;
}

std::string text_of(const std::vector<ScreenLine>& page) {
  std::string text;
  for (const auto& line : page) text += line.text + '\n';
  return text;
}

bool has(const std::vector<ScreenLine>& page, const std::string& part) {
  return text_of(page).find(part) != std::string::npos;
}

std::optional<Style> style_of(const std::vector<ScreenLine>& page, const std::string& part) {
  for (const auto& line : page) {
    if (line.text.find(part) != std::string::npos) return line.style;
  }
  return std::nullopt;
}

TEST(WatchPage, FitsEveryScreen) {
  auto view = busy();
  for (const bool away : {false, true}) {
    view.trouble = away ? "PostgreSQL connection lost: the server is not there any more" : "";
    for (std::size_t columns = 24; columns <= 200; ++columns) {
      for (const std::size_t rows : {1, 5, 24}) {
        for (const bool utf8 : {false, true}) {
          const auto page = watch_page(view, {columns, rows}, utf8);
          EXPECT_LE(page.size(), rows);
          for (const auto& line : page) EXPECT_LE(characters(line.text), columns) << text_of(page);
        }
      }
    }
  }
}

TEST(WatchPage, ShowsAllThatThereIsIn80Columns) {
  const auto page = watch_page(busy(), {80, 24}, true);
  EXPECT_TRUE(has(page, "mailboat: 2,000 events/s captured")) << text_of(page);
  EXPECT_TRUE(has(page, "12:34:56 UTC\n")) << text_of(page);
  EXPECT_TRUE(has(page, "the log holds 5.0 MiB in 3 partitions")) << text_of(page);
  for (const auto* heading : {"NAME", "STATE", "LAG", "BEHIND", "EVENTS/S", "RETRY", "FAILED"})
    EXPECT_TRUE(has(page, heading)) << heading << text_of(page);
  EXPECT_TRUE(has(page, "shop             loading  1,234,567   8.0 s     1,000      2       1  ▁▃▃▄▅▅▆▇▇█"))
      << text_of(page);
  EXPECT_TRUE(has(page, "the-replica-...  away")) << text_of(page);
  EXPECT_TRUE(has(page,
                  "shop: loads public.orders, then 2 more: 1,500 of about 6,000 rows (25 %), 12,000\nrows/s, "
                  "about 5 min left"))
      << text_of(page);
  EXPECT_TRUE(has(page, "shop: 1 failed, oldest open task 8 min: mailboat failed list shop"))
      << text_of(page);
  EXPECT_TRUE(has(page, "shop: verification 8 begins soon")) << text_of(page);
  EXPECT_TRUE(has(page, ": disk\nfull\n")) << text_of(page);
}

TEST(WatchPage, LeavesOutBarsThenColumnsThenLettersOfNames) {
  const auto view = busy();
  EXPECT_TRUE(has(watch_page(view, {100, 24}, true), "LAG SO FAR"));
  EXPECT_TRUE(has(watch_page(view, {100, 24}, true), "█"));
  EXPECT_FALSE(has(watch_page(view, {72, 24}, true), "LAG SO FAR"));
  const auto narrow = watch_page(view, {40, 24}, true);
  EXPECT_FALSE(has(narrow, "EVENTS/S"));
  EXPECT_TRUE(has(narrow, "NAME"));
  EXPECT_TRUE(has(narrow, "FAILED"));
  const auto narrowest = watch_page(view, {24, 24}, true);
  EXPECT_TRUE(has(narrowest, "shop")) << text_of(narrowest);
  EXPECT_TRUE(has(narrowest, "1,234,567")) << text_of(narrowest);
}

TEST(WatchPage, HoldsOnlyAsciiWhereNothingElseCanBeShown) {
  for (const auto& line : watch_page(busy(), {120, 24}, false)) {
    for (const char c : line.text) EXPECT_TRUE(c >= ' ' && c <= '~') << line.text;
  }
}

TEST(WatchPage, WhatNeedsSomebodyStandsOut) {
  const auto page = watch_page(busy(), {80, 24}, true);
  EXPECT_EQ(style_of(page, "1 failed"), Style::Trouble);
  EXPECT_EQ(style_of(page, ": disk"), Style::Trouble);
  EXPECT_EQ(style_of(page, "the-repli"), Style::Trouble);
  EXPECT_EQ(style_of(page, "verification 8"), Style::Plain);
}

TEST(WatchPage, KeepsTheLastFiguresWhileThereAreNoNewOnes) {
  auto view = busy();
  view.trouble = "cannot connect\nto PostgreSQL";
  const auto page = watch_page(view, {80, 24}, true);
  EXPECT_EQ(style_of(page, "no answer since 12:34:56 UTC, trying again: cannot connect. to PostgreSQL"),
            Style::Trouble)
      << text_of(page);
  EXPECT_TRUE(has(page, "1,234,567"));
}

TEST(WatchPage, TellsHowToMakeTheFirstSubscription) {
  EXPECT_TRUE(has(watch_page({}, {80, 24}, true), "mailboat subscribe NAME"));
}

TEST(WatchPage, ObeysNothingThatANameOrAReasonSays) {
  auto view = busy();
  view.report.subscriptions.front().name = "\x1b[2Jx";
  view.report.subscriptions.front().trouble = Trouble{"a\x1b[Hb\r\nc", 1};
  for (const auto& line : watch_page(view, {80, 24}, true)) {
    EXPECT_EQ(line.text.find_first_of("\x1b\r\n"), std::string::npos) << line.text;
  }
}

TEST(Sparkline, ShowsTheNewestValuesAtTheRight) {
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 4, true), "▁▂▅█");
  EXPECT_EQ(sparkline({100, 0, 100}, 2, true), "▁█");
  EXPECT_EQ(sparkline({7}, 3, true), "  █");
  EXPECT_EQ(sparkline({0, 0}, 2, true), "▁▁");
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 4, false), "_.=#");
  EXPECT_EQ(sparkline({5, std::nullopt, 5}, 3, false), "# #");
  EXPECT_EQ(sparkline({}, 2, true), "  ");
}

TEST(WatchHistory, KnowsHowFastEventsAreAcknowledged) {
  WatchHistory history;
  StatusReport report{{subscription("s", 3)}, {}, {}};
  for (int look = 0; look < 200; ++look) {
    report.subscriptions.front().acked_event_id = 100 * look;
    history.add(WatchHistory::Clock::time_point(seconds(look)), report);
  }
  EXPECT_NEAR(history.acknowledged_per_second("s"), 100, 1);
  EXPECT_EQ(history.lags("s").size(), 120);
  history.add_gap();
  EXPECT_EQ(history.lags("s").back(), std::nullopt);
  history.add(WatchHistory::Clock::time_point(seconds(201)), {});
  EXPECT_TRUE(history.lags("s").empty()) << "it was removed";
}

TEST(Watch, LooksMoreRarelyWhereALookIsExpensive) {
  EXPECT_EQ(wait_after_look(milliseconds(5), seconds(2)), milliseconds(1995));
  EXPECT_EQ(wait_after_look(seconds(1), seconds(2)), seconds(4));
  EXPECT_EQ(wait_after_look(seconds(10), seconds(2)), seconds(40));
}

TEST(Screen, GoesByTheEnvironment) {
  EXPECT_TRUE(shows_utf8(environment_of({{"LANG", "de_DE.UTF-8"}})));
  EXPECT_TRUE(shows_utf8(environment_of({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}})));
  EXPECT_FALSE(shows_utf8(environment_of({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}})));
  EXPECT_TRUE(shows_utf8(environment_of({{"LC_ALL", ""}, {"LANG", "de_DE.UTF-8"}})));
  EXPECT_FALSE(shows_utf8(environment_of({})));
  EXPECT_FALSE(shows_color(environment_of({{"NO_COLOR", "1"}})));
  EXPECT_TRUE(shows_color(environment_of({{"NO_COLOR", ""}})));
  EXPECT_TRUE(shows_color(environment_of({})));
  EXPECT_FALSE(can_be_written_over(environment_of({{"TERM", "dumb"}})));
  EXPECT_TRUE(can_be_written_over(environment_of({{"TERM", "xterm"}})));
}

}  // namespace
}  // namespace mailboat::cli
