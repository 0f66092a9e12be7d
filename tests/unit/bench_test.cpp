#include <gtest/gtest.h>
#include <sstream>

#include "bench/figures.hpp"
#include "bench/histogram.hpp"
#include "bench/report.hpp"

namespace mailboat::bench {
namespace {

TEST(BenchFigures, TellTheMedianAndTheSpread) {
  Figures figures;
  for (const double sample : {5.0, 1.0, 9.0}) figures.add("drain", "rate", "events/s", sample);
  const auto& figure = *figures.find({"drain", "rate"});
  EXPECT_EQ(figure.median(), 5);
  EXPECT_EQ(figure.least(), 1);
  EXPECT_EQ(figure.most(), 9);
  figures.add("drain", "rate", "events/s", 7);
  EXPECT_EQ(figures.find({"drain", "rate"})->median(), 6);
}

TEST(BenchFigures, ComparesWhatWasMeasuredSideBySide) {
  Figures figures;
  for (const double sample : {10.0, 30.0}) figures.add("drain", "rate", "", sample);
  for (const double sample : {20.0, 40.0}) figures.add("limits", "rate", "", sample);
  figures.add_ratio("drain", "ratio", {"drain", "rate"}, {"limits", "rate"});
  EXPECT_EQ(figures.find({"drain", "ratio"})->samples, (std::vector{0.5, 0.75}));
}

TEST(BenchFigures, ComparesNothingWithWhatWasNotMeasured) {
  Figures figures;
  figures.add("drain", "rate", "", 10);
  figures.add_ratio("drain", "ratio", {"drain", "rate"}, {"limits", "rate"});
  EXPECT_EQ(figures.find({"drain", "ratio"}), nullptr);
}

TEST(BenchReport, PrintsARowForEachFigure) {
  Figures figures;
  figures.add("drain", "rate", "events/s", 1234567.8);
  figures.add("drain", "ratio", "", 0.6517);
  std::ostringstream out;
  print_table(out, {{"SQLite", "3.40.1"}}, figures);
  EXPECT_NE(out.str().find("- SQLite: 3.40.1\n"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("| drain | rate | events/s | 1,234,568 | 1,234,568 to 1,234,568 | 1 |"),
            std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("| drain | ratio |  | 0.652 | 0.652 to 0.652 | 1 |"), std::string::npos)
      << out.str();
}

TEST(BenchReport, WritesEverySampleAsJson) {
  Figures figures;
  figures.add("drain", "a \"rate\"", "events/s", 2);
  figures.add("drain", "a \"rate\"", "events/s", 4);
  std::ostringstream out;
  write_json(out, {{"processor", "a\\b"}}, figures);
  EXPECT_NE(out.str().find(R"("processor": "a\\b")"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(R"("name": "a \"rate\"", "unit": "events/s", "n": 2, "median": 3.000000)"),
            std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("\"samples\": [2.000000, 4.000000]"), std::string::npos) << out.str();
}

TEST(BenchLatency, PercentileIsASampleThatWasMeasured) {
  const std::vector<double> sorted{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(percentile(sorted, 0.5), 5);
  EXPECT_EQ(percentile(sorted, 0.99), 10);
  EXPECT_EQ(percentile({7}, 0.5), 7);
}

TEST(BenchHistogram, DrawsWhatLiesBeyondItsEnds) {
  std::ostringstream svg;
  draw_histogram(svg, {{10, {0, 0.05, 1, 5000}}});
  EXPECT_NE(svg.str().find("10 tx/s: p50 0.05 ms, p99 5000.00 ms"), std::string::npos) << svg.str();
  EXPECT_EQ(svg.str().find("nan"), std::string::npos) << svg.str();
}

}  // namespace
}  // namespace mailboat::bench
