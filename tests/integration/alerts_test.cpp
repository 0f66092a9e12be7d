#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

const std::string rules = std::string(MAILBOAT_SOURCE_DIR) + "/deploy/prometheus/mailboat.rules.yml";

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
  std::ifstream sample(std::string(MAILBOAT_SOURCE_DIR) + "/tests/integration/samples/alerts.test.yml");
  std::ostringstream text;
  text << sample.rdbuf();
  const TempDir folder;
  const auto file = folder.path() / "alerts.test.yml";
  std::ofstream(file) << std::regex_replace(text.str(), std::regex("\\[RULES\\]"), "[" + rules + "]");
  const auto tested = run({"promtool", "test", "rules", file.string()});
  EXPECT_EQ(tested.exit_code, 0) << tested.output << tested.errors;
}

}  // namespace
}  // namespace mailboat::test
