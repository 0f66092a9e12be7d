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

}  // namespace
}  // namespace mailboat::test
