#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

const std::string rules = std::string(MAILBOAT_SOURCE_DIR) + "/deploy/prometheus/mailboat.rules.yml";
const std::string samples = std::string(MAILBOAT_SOURCE_DIR) + "/tests/integration/samples/alerts.test.yml";

std::string content_of(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class Alerts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run({"sh", "-c", "command -v promtool"}).exit_code != 0)
      GTEST_SKIP() << "promtool is not here (Debian package prometheus)";
  }
};

TEST_F(Alerts, PromtoolTakesThem) {
  const auto checked = run({"promtool", "check", "rules", "--lint-fatal", rules});
  EXPECT_EQ(checked.exit_code, 0) << checked.output << checked.errors;
}

TEST_F(Alerts, SpeakWhenTheyShould) {
  const TempDir folder;
  const auto file = folder.path() / "alerts.test.yml";
  std::ofstream(file) << std::regex_replace(content_of(samples), std::regex("\\[RULES\\]"),
                                            "[" + rules + "]");
  const auto tested = run({"promtool", "test", "rules", file.string()});
  EXPECT_EQ(tested.exit_code, 0) << tested.output << tested.errors;
}

TEST(AlertSamples, HaveEachAlertSpeakOnce) {
  const auto rules_text = content_of(rules);
  const auto samples_text = content_of(samples);
  static const std::regex alert(R"(- alert: (\w+))");
  int count = 0;
  for (std::sregex_iterator match(rules_text.begin(), rules_text.end(), alert), end; match != end; ++match) {
    ++count;
    const std::regex speaks("alertname: " + (*match)[1].str() + R"(\n +exp_alerts:\n +- exp_labels:)");
    EXPECT_TRUE(std::regex_search(samples_text, speaks)) << (*match)[1];
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace mailboat::test
