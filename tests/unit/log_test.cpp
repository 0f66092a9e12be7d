#include "common/log.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "common/error.hpp"

namespace mailboat::log {
namespace {

TEST(LogLine, WritesFieldsOfEveryKindAsKeyValue) {
  const std::string subscription = "shop";
  EXPECT_EQ(format_line("window applied", {{"subscription", subscription},
                                           {"events", 12},
                                           {"bytes", std::uint64_t{18446744073709551615U}},
                                           {"change", -3},
                                           {"seconds", 0.25},
                                           {"load", true},
                                           {"kind", "table"}}),
            "window applied subscription=shop events=12 bytes=18446744073709551615 change=-3 seconds=0.25 "
            "load=true kind=table");
}

TEST(LogLine, QuotesOnlyValuesThatWouldBeReadWrongly) {
  EXPECT_EQ(format_line("m", {{"a", "x y"}, {"b", ""}, {"c", "k=v"}, {"d", "plain-1.5:7"}}),
            R"(m a="x y" b="" c="k=v" d=plain-1.5:7)");
  EXPECT_EQ(format_line("m", {{"a", "say \"no\""}, {"b", "C:\\x"}}), R"(m a="say \"no\"" b="C:\\x")");
}

TEST(LogLine, StaysOneLineWhateverItIsGiven) {
  EXPECT_EQ(format_line("two\nlines\r", {{"error", "first\nsecond"}}),
            R"(two\nlines\r error="first\nsecond")");
}

TEST(LogLevel, RoundTripsByName) {
  for (const auto level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
    EXPECT_EQ(parse_level(level_name(level)), level);
  }
  EXPECT_THROW(parse_level("loud"), InvalidInput);
}

TEST(Log, WritesToStandardErrorFromTheLevelOn) {
  testing::internal::CaptureStderr();
  set_level(Level::Warning);
  info("not shown");
  warn("shown", {{"n", 1}});
  set_level(Level::Info);
  const auto written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.find("not shown"), std::string::npos);
  EXPECT_NE(written.find("Z warning shown n=1\n"), std::string::npos) << written;
}

TEST(Log, EndsEachLineOfAThreadWithItsField) {
  testing::internal::CaptureStderr();
  {
    const ThreadField field("source", "eu");
    warn("mine", {{"n", 1}});
    std::thread([] { warn("another's"); }).join();
  }
  warn("later");
  const auto written = testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find("Z warning mine n=1 source=eu\n"), std::string::npos) << written;
  EXPECT_NE(written.find("another's\n"), std::string::npos) << written;
  EXPECT_NE(written.find("later\n"), std::string::npos) << written;
}

}  // namespace
}  // namespace mailboat::log
