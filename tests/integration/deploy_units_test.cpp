#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

// systemd-analyze wants the program to be there, so a copy of the unit starts one that is there everywhere.
std::filesystem::path copy_of_unit(const std::string& name, const std::string& as, const TempDir& directory) {
  std::ifstream unit(std::string(MAILBOAT_SOURCE_DIR) + "/deploy/" + name);
  std::ostringstream text;
  text << unit.rdbuf();
  auto copy = directory.path() / as;
  std::ofstream(copy) << std::regex_replace(text.str(), std::regex("ExecStart=[^ ]*"), "ExecStart=/bin/true");
  return copy;
}

TEST(DeployUnits, SystemdTakesThemWithoutAWord) {
  if (run({"sh", "-c", "command -v systemd-analyze"}).exit_code != 0)
    GTEST_SKIP() << "systemd-analyze is not here";
  const TempDir directory;
  for (const auto& unit :
       {copy_of_unit("mailboat-producer.service", "mailboat-producer.service", directory),
        copy_of_unit("mailboat-consumer@.service", "mailboat-consumer@shop.service", directory)}) {
    const auto verified = run({"systemd-analyze", "verify", unit.string()});
    EXPECT_EQ(verified.exit_code, 0) << verified.errors;
    EXPECT_EQ(verified.errors, "") << unit;
  }
}

TEST(DeployUnits, AreExposedToLittle) {
  if (run({"sh", "-c", "systemd-analyze security --help | grep -q -- --offline"}).exit_code != 0)
    GTEST_SKIP() << "systemd-analyze is not here, or cannot look at units that are not installed";
  for (const auto* unit : {"mailboat-producer.service", "mailboat-consumer@.service"}) {
    // In tenths: 20 is "OK", what systemd gives to a service that has given up nearly all it does not need.
    const auto looked_at = run({"systemd-analyze", "security", "--offline=yes", "--threshold=20",
                                std::string(MAILBOAT_SOURCE_DIR) + "/deploy/" + unit});
    EXPECT_EQ(looked_at.exit_code, 0) << looked_at.output << looked_at.errors;
  }
}

}  // namespace
}  // namespace mailboat::test
