// That the bench runs and tells what docs/benchmarks.md says. How fast anything is, is no business of a test.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

constexpr auto patience = std::chrono::minutes(8);

std::string contents(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// The figure's median in a file of --json; -1 when it is not there.
double median(const std::string& json, const std::string& part, const std::string& name) {
  const auto figure = json.find("\"part\": \"" + part + "\", \"name\": \"" + name + '"');
  if (figure == std::string::npos) return -1;
  const std::string label = "\"median\": ";
  return std::strtod(json.c_str() + json.find(label, figure) + label.size(), nullptr);
}

TEST(Bench, EveryPartHasItsFigures) {
  const TempDir folder;
  const auto json = folder.path() / "figures.json";
  const auto svg = folder.path() / "latency.svg";
  const auto ended = run({program("mailboat-bench"), "--events", "2000", "--runs", "1", "--seconds", "1",
                          "--rates", "10,50", "--json", json, "--histogram", svg},
                         {}, patience);
  ASSERT_EQ(ended.exit_code, 0) << ended.output << ended.errors;

  const std::vector<std::pair<const char*, std::vector<const char*>>> expected{
      {"limits scrobbles", {"SQLite alone", "PostgreSQL alone", "both at once"}},
      {"limits hot", {"SQLite alone"}},
      {"drain scrobbles",
       {"drain", "producer", "PostgreSQL backend", "consumer", "producer, peak memory",
        "consumer, peak memory", "drain / SQLite alone", "drain / both at once", "drain / classic"}},
      {"drain hot", {"drain", "drain / SQLite alone"}},
      {"drain small", {"drain", "drain / SQLite alone"}},
      {"drain large", {"drain", "drain / SQLite alone"}},
      {"load scrobbles", {"load", "load / SQLite alone", "producer, peak memory", "consumer, peak memory"}},
      {"classic scrobbles", {"classic"}},
      {"latency 10/s", {"committed", "max"}},
      {"latency 50/s",
       {"committed", "p50", "p90", "p99", "max", "producer, peak memory", "consumer, peak memory"}},
      {"capture TPC-B", {"untracked", "tracked", "tracked / untracked", "tracked, PostgreSQL"}},
      {"capture one row", {"plain", "row", "statement", "row / plain", "statement / plain"}},
      {"capture bulk", {"plain", "row", "statement", "row / plain", "statement / plain"}},
      {"maintenance off", {"committed", "INSERT, p99", "INSERT, longest"}},
      {"maintenance on", {"committed", "INSERT, p99", "INSERT, longest"}},
      {"maintenance held", {"committed", "INSERT, p99", "INSERT, longest"}},
      {"growth empty log", {"drain", "idle poll", "consumer, peak memory"}},
      {"growth retained 2000", {"drain", "drain / drain of the empty log"}},
      {"growth held horizon", {"drain", "drain / drain of the empty log"}},
      {"growth subscriptions 16", {"delivered to all", "producer, peak memory", "consumer, peak memory"}},
      {"growth idle 1", {"producer", "consumers", "PostgreSQL", "mailboat in all"}},
      {"growth idle 16", {"producer", "consumers", "mailboat in all", "consumer, peak memory"}},
  };
  const auto figures = contents(json);
  for (const auto& [part, names] : expected) {
    for (const auto* name : names)
      EXPECT_GT(median(figures, part, name), 0) << part << ": " << name << figures;
  }
  for (const auto* name : {"partitions added", "partitions emptied"}) {
    // Maintenance gives way to writers: in this short time it may not have had its turn.
    EXPECT_GE(median(figures, "maintenance on", name), 0) << name;
  }
  EXPECT_EQ(median(figures, "maintenance held", "partitions emptied"), 0) << "somebody reads them";
  EXPECT_GE(median(figures, "growth empty log", "rows written in PostgreSQL"), 0);
  EXPECT_NE(ended.output.find("| drain scrobbles | drain | events/s |"), std::string::npos) << ended.output;
  EXPECT_NE(contents(svg).find("50 tx/s: p50"), std::string::npos);
  EXPECT_NE(contents(svg).find("</svg>"), std::string::npos);
}

TEST(Bench, KnowsItsPartsByName) {
  const auto ended = run({program("mailboat-bench"), "--only", "drian"});
  EXPECT_EQ(ended.exit_code, 2) << ended.errors;
  EXPECT_NE(ended.errors.find("not 'drian'"), std::string::npos) << ended.errors;
}

TEST(Bench, TheSmallPartsRun) {
  const auto ended = run({program("mailboat-micro-bench"), "--benchmark_min_time=0.001"}, {}, patience);
  ASSERT_EQ(ended.exit_code, 0) << ended.errors;
  for (const auto* name :
       {"snapshot/covers", "frame/encode", "frame/decode", "row/decode", "upsert/writer", "upsert/window"}) {
    EXPECT_NE(ended.output.find(name), std::string::npos) << name << ended.output;
  }
  EXPECT_EQ(ended.output.find("ERROR"), std::string::npos) << ended.output;
}

}  // namespace
}  // namespace mailboat::test
