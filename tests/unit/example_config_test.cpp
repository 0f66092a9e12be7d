#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "consumer/options.hpp"
#include "producer/options.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat {
namespace {

using test::environment_of;
using test::Printed;
using test::TemporaryFile;

std::string deploy_file(const std::string& name) {
  return std::string(MAILBOAT_SOURCE_DIR) + "/deploy/" + name;
}

// The same file with every commented-out setting (`# key = value`) and table (`# [[route]]`) switched on.
std::string uncommented(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return std::regex_replace(content.str(), std::regex(R"((^|\n)# ?([a-z_]+ = |\[+[a-z_.]+\]))"), "$1$2");
}

std::string keys_shown(const std::string& text) {
  std::string keys;
  const std::regex setting("(^|\n)([a-z_]+) = ");
  for (std::sregex_iterator match(text.begin(), text.end(), setting), end; match != end; ++match) {
    keys += (*match)[2].str() + ' ';
  }
  return keys;
}

TEST(ExampleConfig, OfTheProducerIsAcceptedAsItStands) {
  Printed printed;
  const auto parsed = producer::parse_options({"--config", deploy_file("producer.toml")}, printed.terminal(),
                                              environment_of({}));
  EXPECT_TRUE(std::holds_alternative<producer::ProducerOptions>(parsed)) << printed.err.str();
}

TEST(ExampleConfig, OfTheProducerShowsEverySettingWithItsDefault) {
  const auto text = uncommented(deploy_file("producer.toml"));
  EXPECT_EQ(
      keys_shown(text),
      "postgres listen key_file allow_list insecure session_limit handshake_limit message_limit "
      "trust_failover "
      "poll_interval_max snapshot_hold_max retention max_retained_bytes heartbeat metrics_listen log_level ");
  const TemporaryFile file(text);
  Printed printed;
  const auto parsed =
      producer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<producer::ProducerOptions>(parsed)) << printed.err.str();
  const auto& shown = std::get<producer::ProducerOptions>(parsed);
  const producer::ProducerOptions defaults;
  EXPECT_EQ(shown.listen, defaults.listen);
  EXPECT_EQ(shown.insecure, defaults.insecure);
  EXPECT_EQ(shown.key_file, defaults.key_file);
  EXPECT_EQ(shown.allow_list, defaults.allow_list);
  EXPECT_EQ(shown.session_limit, defaults.session_limit);
  EXPECT_EQ(shown.handshake_limit, defaults.handshake_limit);
  EXPECT_EQ(shown.message_limit, defaults.message_limit);
  EXPECT_EQ(shown.trust_failover, defaults.trust_failover);
  EXPECT_EQ(shown.poll_interval_max, defaults.poll_interval_max);
  EXPECT_EQ(shown.retention, defaults.retention);
  EXPECT_EQ(shown.max_retained_bytes, defaults.max_retained_bytes);
  EXPECT_EQ(shown.snapshot_hold_max, defaults.snapshot_hold_max);
  EXPECT_EQ(shown.heartbeat, defaults.heartbeat);
  EXPECT_EQ(shown.metrics_listen, defaults.metrics_listen);
  EXPECT_EQ(shown.log_level, defaults.log_level);
}

TEST(ExampleConfig, OfTheConsumerIsAcceptedAsItStands) {
  Printed printed;
  const auto parsed = consumer::parse_options({"--config", deploy_file("consumer.toml")}, printed.terminal(),
                                              environment_of({}));
  EXPECT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
}

TEST(ExampleConfig, OfTheConsumerShowsEverySettingWithItsDefault) {
  const auto text = uncommented(deploy_file("consumer.toml"));
  EXPECT_EQ(keys_shown(text),
            "producer subscription database producer_key key_file insecure message_limit until_caught_up "
            "heartbeat reject_limit verify_every metrics_listen log_level topic table create where user_id "
            "email_domain "
            "topic table mode create topic table key user_id "
            "signed_up_at topic skip ");
  const TemporaryFile file(text);
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& shown = std::get<consumer::ConsumerOptions>(parsed);
  const consumer::ConsumerOptions defaults;
  EXPECT_TRUE(shown.sources.front().producer_keys.empty());
  EXPECT_EQ(shown.key_file, defaults.key_file);
  EXPECT_EQ(shown.insecure, defaults.insecure);
  EXPECT_EQ(shown.message_limit, defaults.message_limit);
  EXPECT_EQ(shown.until_caught_up, defaults.until_caught_up);
  EXPECT_EQ(shown.heartbeat, defaults.heartbeat);
  EXPECT_EQ(shown.reject_limit, defaults.reject_limit);
  EXPECT_EQ(shown.verify_every, defaults.verify_every);
  EXPECT_EQ(shown.metrics_listen, defaults.metrics_listen);
  EXPECT_EQ(shown.log_level, defaults.log_level);
  ASSERT_EQ(shown.routes.size(), 4U);
  EXPECT_EQ(shown.routes[0].columns.size(), 2U);
  EXPECT_EQ(shown.routes[1].mode, consumer::Route::Mode::History);
  EXPECT_TRUE(shown.routes[3].skip);
}

// Its example of several sources (`#   key = value`) instead of the one.
TEST(ExampleConfig, OfTheConsumerShowsSeveralSources) {
  std::ifstream stream(deploy_file("consumer.toml"));
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
