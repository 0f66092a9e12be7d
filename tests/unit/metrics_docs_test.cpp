// The metrics are what others build on: what is written about them, and made of them, is what there is.
#include <fstream>
#include <gmock/gmock.h>
#include <regex>
#include <set>
#include <sstream>

#include "common/metrics.hpp"
#include "consumer/consumer_metrics.hpp"
#include "producer/producer_metrics.hpp"
#include "producer/survey.hpp"

namespace mailboat {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSubsetOf;

std::string read(const std::string& name) {
  std::ifstream file(std::string(MAILBOAT_SOURCE_DIR) + "/" + name);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<MetricRow> all_rows() {
  auto rows = producer::ProducerMetrics().set.rows();
  const consumer::ConsumerMetrics consumer;
  rows.insert(rows.end(), consumer.set.rows().begin(), consumer.set.rows().end());
  return rows;
}

/// As docs/metrics.md has it.
std::string table_of(const MetricSet& set) {
  std::string table = "| metric | type | labels | what |\n| --- | --- | --- | --- |\n";
  for (const auto& row : set.rows()) {
    std::string labels;
    for (const auto& label : row.labels) labels += (labels.empty() ? "`" : ", `") + label + "`";
    table += "| `" + row.name + "` | " + std::string(type_name(row.type)) + " | " + labels + " | " +
             row.help + " |\n";
  }
  return table;
}

std::set<std::string> exposed_names() {
  std::set<std::string> names;
  for (const auto& row : all_rows()) {
    if (row.type == MetricRow::Type::Histogram) {
      for (const auto* suffix : {"_bucket", "_sum", "_count"}) names.insert(row.name + suffix);
    } else {
      names.insert(row.name);
    }
  }
  return names;
}

std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    names.insert((*match)[1]);
  return names;
}

constexpr auto metric_name = R"(\b(mailboat_[a-z_]+))";
constexpr auto rules_file = "deploy/prometheus/mailboat.rules.yml";
constexpr auto dashboard_file = "deploy/grafana/mailboat.json";

TEST(Metrics, AreListedInTheManualAsTheyAre) {
  const auto manual = read("docs/metrics.md");
  EXPECT_THAT(manual, HasSubstr(table_of(producer::ProducerMetrics().set)));
  EXPECT_THAT(manual, HasSubstr(table_of(consumer::ConsumerMetrics().set)));
  std::set<std::string> names;
  for (const auto& row : all_rows()) names.insert(row.name);
  EXPECT_EQ(found(manual, metric_name), names);
}

TEST(Metrics, HaveNamesThatFollowTheConventions) {
  for (const auto& row : all_rows()) {
    EXPECT_TRUE(std::regex_match(row.name, std::regex("mailboat_[a-z]+(_[a-z]+)*"))) << row.name;
    EXPECT_EQ(row.name.ends_with("_total"), row.type == MetricRow::Type::Counter) << row.name;
    const bool is_histogram = row.type == MetricRow::Type::Histogram;
    EXPECT_TRUE(!is_histogram || row.name.ends_with("_seconds")) << row.name;
    EXPECT_FALSE(row.help.empty() || row.help.ends_with('.')) << row.name;
  }
}

TEST(Metrics, OfTheAlertsExist) {
  const auto rules = read(rules_file);
  EXPECT_THAT(found(rules, metric_name), IsSubsetOf(exposed_names()));
  EXPECT_GE(found(rules, metric_name).size(), 10U);
}

TEST(Metrics, OfTheSourceAreReadBeforeTheAlertTakesThemForOld) {
  const auto threshold = found(read(rules_file), R"(mailboat_producer_survey_timestamp_seconds > (\d+))");
  ASSERT_EQ(threshold.size(), 1U);
  EXPECT_LT(producer::Survey::rest_after(std::chrono::hours(1)),
            std::chrono::seconds(std::stoi(*threshold.begin())));
}

TEST(Metrics, OfTheDashboardExist) {
  const auto dashboard = read(dashboard_file);
  EXPECT_THAT(found(dashboard, metric_name), IsSubsetOf(exposed_names()));
  EXPECT_GE(found(dashboard, metric_name).size(), 15U);
}

TEST(Metrics, EveryAlertIsInTheRunbookAndNoOther) {
  const auto alerts = found(read(rules_file), R"(- alert: (\w+))");
  EXPECT_FALSE(alerts.empty());
  EXPECT_EQ(found(read("docs/operations.md"), R"(\| `(Mailboat\w+)` \|)"), alerts);
}

}  // namespace
}  // namespace mailboat
