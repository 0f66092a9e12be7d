#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "common/error.hpp"
#include "demo/csv.hpp"
#include "demo/display.hpp"
#include "demo/lag.hpp"
#include "demo/scrobbles.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::demo {
namespace {

using std::chrono::milliseconds;

std::filesystem::path write(const test::TempDir& directory, const std::string& text) {
  auto file = directory.path() / "scrobbles.csv";
  std::ofstream(file) << text;
  return file;
}

TEST(DemoCsv, ReadsQuotedFields) {
  const test::TempDir directory;
  const auto csv =
      read_csv(write(directory, "\"\",date,\"track\"\r\n\"1\",d,\"a \"\"b\"\", c\nd\"\r\n\n2,,\n"));
  EXPECT_EQ(csv.column("track"), 2U);
  ASSERT_EQ(csv.rows.size(), 2U);
  EXPECT_EQ(csv.rows[0], (std::vector<std::string>{"1", "d", "a \"b\", c\nd"}));
  EXPECT_EQ(csv.rows[1], (std::vector<std::string>{"2", "", ""}));
}

TEST(DemoCsv, RefusesAFileThatIsNoSuchExport) {
  const test::TempDir directory;
  EXPECT_THROW(read_csv(directory.path() / "none.csv"), InvalidInput);
  EXPECT_THROW(read_csv(write(directory, "a,b\n1\n")), InvalidInput);
  EXPECT_THROW(read_csv(write(directory, "a,b\n")), InvalidInput);
  EXPECT_THROW(Scrobbles(write(directory, "date,artist,track\n1,2,3\n")), InvalidInput);
}

TEST(DemoScrobbles, BeginAgainAtTheEndOfTheExport) {
  const test::TempDir directory;
  const Scrobbles scrobbles(
      write(directory, "date,artist,track,album\n2020-01-01 00:00:00,A,one,X\n,B,two,Y\n"));
  EXPECT_EQ(scrobbles.at(0).name, "one");
  EXPECT_EQ(scrobbles.at(0).date, "2020-01-01 00:00:00Z");
  EXPECT_EQ(scrobbles.at(3).artist, "B");
}

TEST(DemoScrobbles, AreTheSameInEveryRunAndVaried) {
  const Scrobbles one("");
  const Scrobbles other("");
  std::set<std::string> urls;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(one.at(i).url, other.at(i).url);
    EXPECT_EQ(one.at(i).date, other.at(i).date);
    urls.insert(one.at(i).url);
  }
  EXPECT_EQ(urls.size(), 48U);
}

TEST(DemoLag, CountsWhatTheReplicaDoesNotCoverYet) {
  const Clock::time_point begin{};
  Lag lag;
  lag.committed({{10, 5, begin}, {12, 7, begin + milliseconds(100)}});
  EXPECT_EQ(lag.changes_behind(), 12);

  lag.reached(Snapshot::parse("10:13:10"), begin + milliseconds(150));  // 12 overtook 10
  EXPECT_EQ(lag.changes_applied(), 7);
  EXPECT_EQ(lag.changes_behind(), 5);
  EXPECT_EQ(lag.behind(begin + milliseconds(200)), milliseconds(200));

  lag.reached(Snapshot::parse("13:13:"), begin + milliseconds(300));
  EXPECT_EQ(lag.changes_behind(), 0);
  EXPECT_EQ(lag.behind(begin + milliseconds(400)), milliseconds(0));
  EXPECT_EQ(lag.delay(0), milliseconds(50));
  EXPECT_EQ(lag.delay(1), milliseconds(300));
}

TEST(DemoDisplay, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(DemoDisplay, LeavesNoMovingLineBehindALineThatStays) {
  std::ostringstream out;
  Display display(out, true);
  display.moving("moves");
  display.line("stays");
  EXPECT_EQ(out.str(), "\r\x1b[2Kmoves\r\x1b[2Kstays\n");
}

TEST(DemoDisplay, WritesPlainLinesWithoutATerminal) {
  std::ostringstream out;
  Display display(out, false);
  display.bar("Loading", 1500, 3000, "rows");
  display.bar("Loading", 1600, 3000, "rows");  // too soon
  display.line("stays");
  EXPECT_EQ(out.str(), "  Loading [###############...............] 1,500 of 3,000 rows\nstays\n");
}

}  // namespace
}  // namespace mailboat::demo
