#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "tests/unit/daemons.hpp"

namespace mailboat {
namespace {

using test::Daemon;
using test::daemons;
using test::environment_of;
using test::keys_of;
using test::Printed;
using test::printed_by;
using test::TemporaryFile;

std::string deploy_file(const std::string& daemon) {
  return std::string(MAILBOAT_SOURCE_DIR) + "/deploy/" + daemon + ".toml";
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// The same file with every commented-out setting (`# key = value`) and table (`# [[route]]`) switched on.
std::string uncommented(const std::string& path) {
  return std::regex_replace(content_of(path), std::regex(R"((^|\n)# ?([a-z_]+ = |\[+[a-z_.]+\]))"), "$1$2");
}

// Those above the first table.
std::vector<std::string> keys_shown(const std::string& text) {
  return test::all_matches(text.substr(0, text.find("\n[[")), "^([a-z_]+) = ");
}

// `key = value` of each setting, without where it came from.
std::vector<std::string> values(const Daemon& daemon, std::vector<std::string> arguments) {
  arguments.emplace_back("--print-config");
  return test::all_matches(printed_by(daemon, arguments), "^([a-z_]+ = .*)  # ");
}

class ExampleConfig : public testing::TestWithParam<Daemon> {};

TEST_P(ExampleConfig, IsAcceptedAsItStands) {
  Printed printed;
  const auto& daemon = GetParam();
  EXPECT_EQ(daemon.parse({"--config", deploy_file(daemon.name)}, printed.terminal(), environment_of({})),
            std::nullopt)
      << printed.err.str();
}

TEST_P(ExampleConfig, ShowsEverySettingThatThereIs) {
  const auto& daemon = GetParam();
  EXPECT_GT(keys_of(daemon).size(), 5U);
  EXPECT_EQ(keys_shown(uncommented(deploy_file(daemon.name))), keys_of(daemon)) << "in the program's order";
}

// What is commented out can be switched on, and changes nothing.
TEST_P(ExampleConfig, ShowsEverySettingWithItsDefault) {
  const auto& daemon = GetParam();
  const auto text = uncommented(deploy_file(daemon.name));
  const TemporaryFile switched_on(text.substr(0, text.find("\n[[")) + '\n');
  EXPECT_EQ(values(daemon, {"--config", switched_on.path()}),
            values(daemon, {"--config", deploy_file(daemon.name)}));
}

INSTANTIATE_TEST_SUITE_P(Of, ExampleConfig, testing::ValuesIn(daemons()),
                         [](const auto& test) { return test.param.name; });

TEST(ExampleConfigOfTheConsumer, ShowsRoutesThatWork) {
  const TemporaryFile file(uncommented(deploy_file("consumer")));
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& shown = std::get<consumer::ConsumerOptions>(parsed);
  ASSERT_EQ(shown.routes.size(), 4U);
  EXPECT_EQ(shown.routes[0].columns.size(), 2U);
  EXPECT_EQ(shown.routes[1].mode, consumer::Route::Mode::History);
  EXPECT_TRUE(shown.routes[3].skip);
  EXPECT_NE(printed_by(daemons().back(), {"--check-config", "--config", file.path()}).find("is ok"),
            std::string::npos);
}

// Its example of several sources (`#   key = value`) instead of the one.
TEST(ExampleConfigOfTheConsumer, ShowsSeveralSources) {
  std::ifstream stream(deploy_file("consumer"));
  std::string text;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("producer = ") || line.starts_with("subscription = ")) continue;
    text += (line.starts_with("#   ") ? line.substr(4) : line) + '\n';
  }
  const TemporaryFile file(text);
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& sources = std::get<consumer::ConsumerOptions>(parsed).sources;
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0], (consumer::Source{"eu", {"tcp://127.0.0.1:5657"}, "shop", "eu_"}));
  EXPECT_EQ(sources[1], (consumer::Source{"us", {"tcp://127.0.0.1:5658"}, "shop", "us_"}));
}

}  // namespace
}  // namespace mailboat
