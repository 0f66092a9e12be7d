#include "consumer/writer_turns.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "consumer/conversation.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::consumer {
namespace {

TEST(WriterTurns, ComeInTheOrderInWhichTheyWereAskedFor) {
  WriterTurns turns;
  std::vector<int> order;  // belongs to who has the turn
  auto first = turns.take({});
  std::vector<std::jthread> threads;
  for (int i = 1; i <= 3; ++i) {
    threads.emplace_back([&, i] {
      const auto turn = turns.take({});
      order.push_back(i);
    });
    ASSERT_TRUE(test::eventually([&] { return turns.waiting() == static_cast<std::size_t>(i); }));
  }
  first.give_back();
  threads.clear();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(WriterTurns, AreForOneAtATime) {
  WriterTurns turns;
  int inside = 0;
  int most = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto turn = turns.take({});
          most = std::max(most, ++inside);
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
}

TEST(WriterTurns, AreWantedWhileSomebodyWaits) {
  WriterTurns turns;
  auto turn = turns.take({});
  EXPECT_EQ(turns.waiting(), 0U);
  std::jthread other([&] { const auto later = turns.take({}); });
  EXPECT_TRUE(test::eventually([&] { return turns.waiting() == 1; }));
  turn.give_back();
  other.join();
  EXPECT_EQ(turns.waiting(), 0U);
}

TEST(WriterTurns, AreNotWaitedForAfterAStop) {
  WriterTurns turns;
  auto turn = turns.take({});
  bool sent_away = false;
  {
    std::jthread other([&](const std::stop_token& stop) {
      try {
        const auto never = turns.take(stop);
      } catch (const NoTurn&) {
        sent_away = true;
      }
    });
    ASSERT_TRUE(test::eventually([&] { return turns.waiting() == 1; }));
  }  // stops it
  EXPECT_TRUE(sent_away);
  EXPECT_EQ(turns.waiting(), 0U);
  turn.give_back();
  const auto again = turns.take({});
}

TEST(WriterTurns, CanBeHandedOn) {
  WriterTurns turns;
  WriterTurns::Turn kept;
  {
    auto turn = turns.take({});
    kept = std::move(turn);
  }
  std::jthread other([&] { const auto later = turns.take({}); });
  EXPECT_TRUE(test::eventually([&] { return turns.waiting() == 1; })) << "given back too early";
  kept.give_back();
}

TEST(PatienceWithAWindow, GrowsWithTheTurnsLostAndHasAnEnd) {
  using std::chrono::seconds;
  EXPECT_EQ(patience_with_window(0), seconds(5));
  EXPECT_EQ(patience_with_window(1), seconds(10));
  EXPECT_EQ(patience_with_window(4), seconds(80));
  EXPECT_EQ(patience_with_window(1000), seconds(80));
}

}  // namespace
}  // namespace mailboat::consumer
