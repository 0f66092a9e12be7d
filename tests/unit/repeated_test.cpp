#include "common/repeated.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <numeric>
#include <regex>
#include <sstream>
#include <thread>

namespace mailboat::log {
namespace {

/// What `work` logs: each line without time and level.
std::vector<std::string> logged(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  std::istringstream written(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(written, line);) {
    lines.push_back(std::regex_replace(line, std::regex("^\\S+ (info|warning) "), ""));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Repeated, LosesNoLineUnsaid) {
  EXPECT_EQ(logged([] {
              Repeated trouble;
              for (int i = 0; i < 5; ++i) trouble.say(Level::Warning, "", "no disk", {{"try", i}});
            }),
            (Lines{"no disk try=0", "no disk try=4 left_out=3"}))
      << "the last one is said in the end";
}

TEST(Repeated, TellsAboutWhatItIsApart) {
  EXPECT_EQ(logged([] {
              Repeated trouble;
              for (const std::string about : {"shop", "stock", "shop"})
                trouble.say(Level::Warning, about, "refused", {{"subscription", about}});
            }),
            (Lines{"refused subscription=shop", "refused subscription=stock", "refused subscription=shop"}));
}

TEST(Repeated, SaysThatItIsOverOnlyIfThereWasSomething) {
  EXPECT_EQ(logged([] {
              Repeated trouble;
              trouble.over("again");
              for (int i = 0; i < 3; ++i) trouble.say(Level::Warning, "", "no disk", {});
              trouble.over("again", {{"chore", "look"}});
              trouble.over("again");
              trouble.say(Level::Warning, "", "no disk", {});
              trouble.over("again");
            }),
            (Lines{"no disk", "again chore=look left_out=2", "no disk", "again"}));
}

TEST(Repeated, ForgetsRatherThanGrowsAndCountsAll) {
  const auto lines = logged([] {
    Repeated refusals;
    for (int i = 0; i < 5000; ++i) {
      for (int again = 0; again < 2; ++again)
        refusals.say(Level::Warning, "stranger " + std::to_string(i), "refused", {});
    }
  });
  EXPECT_EQ(lines.size(), 10000U);
}

TEST(Repeated, CountsRightlyFromSeveralThreads) {
  const auto lines = logged([] {
    Repeated trouble;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&trouble] {
        for (int again = 0; again < 250; ++again) trouble.say(Level::Warning, "", "no disk", {});
      });
    }
  });
  EXPECT_EQ(lines, (Lines{"no disk", "no disk left_out=998"}));
}

}  // namespace
}  // namespace mailboat::log
