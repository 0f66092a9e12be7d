#include "common/log.hpp"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <regex>
#include <simdjson.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "common/error.hpp"
#include "common/journal.hpp"

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
            R"(two\nlines\u000d error="first\nsecond")");
}

TEST(LogLine, ShowsWhatATerminalWouldObeyAndWhatIsNotUtf8) {
  EXPECT_EQ(format_line("\x1b[2J", {{"reason", "a\xFF"}, {"name", "\xC2\x9B"}, {"q", "\"\n"}}),
            R"(\u001b[2J reason="a\xff" name="\u009b" q="\"\n")");
}

/// What was written, as one document for each line.
std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// What `work` writes in that format.
std::vector<std::string> written_as(Format format, const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  set_format(format);
  work();
  auto lines = lines_of(testing::internal::GetCapturedStderr());
  set_format(Format::Text);
  return lines;
}

TEST(LogJson, IsAnObjectForEachLineWithTimeLevelMessageAndFields) {
  const auto lines = written_as(Format::Json, [] {
    {
      const ThreadField field("source", "eu");
      warn("two\n\"lines\"", {{"text", "12"}, {"events", 12}, {"half", 0.5}, {"load", true}});
    }
    info("plain");
  });
  ASSERT_EQ(lines.size(), 2U);
  simdjson::dom::parser parser;
  const simdjson::dom::element line = parser.parse(lines[0]);
  const std::string time(line["time"].get_string().value());
  EXPECT_TRUE(std::regex_match(time, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"))) << time;
  EXPECT_EQ(line["level"].get_string().value(), "warning");
  EXPECT_EQ(line["message"].get_string().value(), "two\n\"lines\"");
  EXPECT_EQ(line["fields"]["text"].get_string().value(), "12");
  EXPECT_EQ(line["fields"]["events"].get_int64().value(), 12);
  EXPECT_EQ(line["fields"]["half"].get_double().value(), 0.5);
  EXPECT_EQ(line["fields"]["load"].get_bool().value(), true);
  EXPECT_EQ(line["fields"]["source"].get_string().value(), "eu");
  const simdjson::dom::element plain = parser.parse(lines[1]);
  EXPECT_EQ(plain["level"].get_string().value(), "info");
  EXPECT_EQ(plain["fields"].get_object().value().size(), 0U);
}

TEST(LogJson, IsValidWhateverItIsGiven) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  // Too long a form, half a surrogate pair, beyond Unicode, cut short.
  const std::string almost_utf8 = "\xE0\x80\xAF \xED\xA0\x80 \xF4\x90\x80\x80 \xF0\x8F\xBF\xBF \xE2\x82";
  const auto lines = written_as(Format::Json, [&] {
    warn(every_byte, {{"all", every_byte}, {"almost", almost_utf8}, {"none", ""}, {"right", "é 日 🙂"}});
    warn("no number", {{"far", std::numeric_limits<double>::infinity()}, {"odd", std::nan("")}});
  });
  ASSERT_EQ(lines.size(), 2U);
  simdjson::dom::parser parser;
  const simdjson::dom::element line = parser.parse(lines[0]);
  EXPECT_TRUE(line["message"].get_string().value().starts_with(std::string_view("\0\1\2", 3)));
  EXPECT_EQ(line["fields"]["right"].get_string().value(), "é 日 🙂");
  EXPECT_EQ(line["fields"]["almost"].get_string().value().find("\xED"), std::string::npos);
  const simdjson::dom::element odd = parser.parse(lines[1]);
  EXPECT_EQ(odd["fields"]["far"].get_string().value(), "inf");
}

/// $JOURNAL_STREAM, as long as this exists.
class JournalStream {
 public:
  explicit JournalStream(const std::string& value) { ::setenv("JOURNAL_STREAM", value.c_str(), 1); }
  ~JournalStream() { ::unsetenv("JOURNAL_STREAM"); }
  JournalStream(const JournalStream&) = delete;
  JournalStream& operator=(const JournalStream&) = delete;
};

std::string stream_of(int descriptor) {
  struct stat file {};
  ::fstat(descriptor, &file);
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
}

TEST(LogInTheJournal, HasAPriorityAndNoTimeOfItsOwn) {
  testing::internal::CaptureStderr();
  {
    const JournalStream journal(stream_of(STDERR_FILENO));
    set_format(Format::Text);
    set_level(Level::Debug);
    debug("a detail");
    info("begins", {{"n", 1}});
    warn("waits");
    error("ends");
    set_level(Level::Info);
  }
  set_format(Format::Text);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "<7>a detail\n<6>begins n=1\n<4>waits\n<3>ends\n");
}

TEST(LogInTheJournal, IsWhereStandardErrorLeadsToIt) {
  const JournalStream of_somebody_else("8:1234");
  const auto lines = written_as(Format::Text, [] { info("begins"); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with("Z info begins")) << lines[0];
  EXPECT_FALSE(leads_to_journal(STDERR_FILENO, std::nullopt));
  EXPECT_FALSE(leads_to_journal(-1, stream_of(STDERR_FILENO)));
  EXPECT_TRUE(leads_to_journal(STDERR_FILENO, stream_of(STDERR_FILENO)));
}

TEST(LogFormat, RoundTripsByName) {
  for (const auto format : {Format::Text, Format::Json}) EXPECT_EQ(parse_format(format_name(format)), format);
  EXPECT_THROW(parse_format("xml"), InvalidInput);
}

TEST(LogLevel, RoundTripsByName) {
  for (const auto level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
    EXPECT_EQ(parse_level(level_name(level)), level);
  }
  EXPECT_THROW(parse_level("loud"), InvalidInput);
}

TEST(LogLevel, IsShiftedUpToItsEnds) {
  EXPECT_EQ(shifted(Level::Info, 1), Level::Debug);
  EXPECT_EQ(shifted(Level::Debug, 1), Level::Debug);
  EXPECT_EQ(shifted(Level::Info, -1), Level::Warning);
  EXPECT_EQ(shifted(Level::Error, -1), Level::Error);
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
