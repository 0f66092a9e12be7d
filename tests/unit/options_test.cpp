#include "consumer/options.hpp"

#include <gtest/gtest.h>

#include "producer/options.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat {
namespace {

using test::environment_of;
using test::Printed;

ExitCode refused_by_producer(const std::vector<std::string>& arguments, Printed& printed) {
  const auto parsed = producer::parse_options(arguments, printed.terminal(), environment_of({}));
  return std::holds_alternative<ExitCode>(parsed) ? std::get<ExitCode>(parsed) : ExitCode::Done;
}

ExitCode refused_by_consumer(const std::vector<std::string>& arguments, Printed& printed) {
  const auto parsed = consumer::parse_options(arguments, printed.terminal(), environment_of({}));
  return std::holds_alternative<ExitCode>(parsed) ? std::get<ExitCode>(parsed) : ExitCode::Done;
}

TEST(ProducerOptions, NeedsNothingAndListensOnLoopback) {
  Printed printed;
  const auto parsed = producer::parse_options({}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<producer::ProducerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<producer::ProducerOptions>(parsed);
  EXPECT_EQ(options.listen, "tcp://127.0.0.1:5657");
  EXPECT_FALSE(options.insecure);
  EXPECT_EQ(options.poll_interval_max, std::chrono::milliseconds(50));
  EXPECT_EQ(options.snapshot_hold_max, std::chrono::seconds(30));
}

TEST(ProducerOptions, RefusesAPublicBindWithoutInsecure) {
  Printed printed;
  EXPECT_EQ(refused_by_producer({"--listen", "tcp://0.0.0.0:5657"}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("--insecure"), std::string::npos) << printed.err.str();
  EXPECT_EQ(refused_by_producer({"--listen", "tcp://0.0.0.0:5657", "--insecure"}, printed), ExitCode::Done);
}

TEST(ProducerOptions, RefusesUnusableValues) {
  Printed printed;
  EXPECT_EQ(refused_by_producer({"--listen", "localhost"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--heartbeat", "0s"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--poll-interval-max", "0ms"}, printed), ExitCode::Usage);
}

TEST(ProducerOptions, RefusesRoutes) {
  const test::TemporaryFile file("[[route]]\ntopic = 'a'\n");
  Printed printed;
  EXPECT_EQ(refused_by_producer({"--config", file.path()}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("unknown key 'route'"), std::string::npos) << printed.err.str();
}

TEST(ConsumerOptions, HasRoutesAndARejectLimitFromTheFile) {
  const test::TemporaryFile file("reject_limit = 0\n[[route]]\ntopic = 'a'\ntable = 't'\nkey = ['k']\n");
  const std::vector<std::string> arguments{"--producer", "tcp://a:1", "--subscription", "s",
                                           "--database", "d",         "--config",       file.path()};
  Printed printed;
  const auto parsed = consumer::parse_options(arguments, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  EXPECT_EQ(options.reject_limit, 0U);
  ASSERT_EQ(options.routes.size(), 1U);
  EXPECT_EQ(options.routes.front().topic, "a");
  EXPECT_EQ(options.routes.front().key, std::vector<std::string>{"k"});
}

TEST(ConsumerOptions, RefusesARouteThatCannotBeMeant) {
  const test::TemporaryFile file("[[route]]\ntopic = 'a'\nkey = ['k']\n");
  Printed printed;
  EXPECT_EQ(refused_by_consumer({"--producer", "tcp://a:1", "--subscription", "s", "--database", "d",
                                 "--config", file.path()},
                                printed),
            ExitCode::Usage);
  EXPECT_NE(printed.err.str().find(file.path() + ", line 1: route 1 (a): table: is missing"),
            std::string::npos)
      << printed.err.str();
}

TEST(ConsumerOptions, NeedsProducerSubscriptionAndDatabase) {
  const std::vector<std::string> complete{"--producer",     "tcp://a:1", "--producer", "tcp://b:1",
                                          "--subscription", "shop",      "--database", "shop.db"};
  Printed printed;
  const auto parsed = consumer::parse_options(complete, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  EXPECT_EQ(options.producers, (std::vector<std::string>{"tcp://a:1", "tcp://b:1"}));
  EXPECT_EQ(options.subscription, "shop");
  EXPECT_EQ(options.database, "shop.db");
  EXPECT_FALSE(options.until_caught_up);
}

TEST(ConsumerOptions, NamesWhatIsMissing) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> incomplete{
      {{"--subscription", "s", "--database", "d"}, "--producer is missing"},
      {{"--producer", "tcp://a:1", "--database", "d"}, "--subscription is missing"},
      {{"--producer", "tcp://a:1", "--subscription", "s"}, "--database is missing"},
      {{"--producer", "nowhere", "--subscription", "s", "--database", "d"}, "'nowhere'"}};
  for (const auto& [arguments, sentence] : incomplete) {
    Printed printed;
    EXPECT_EQ(refused_by_consumer(arguments, printed), ExitCode::Usage);
    EXPECT_NE(printed.err.str().find(sentence), std::string::npos) << printed.err.str();
  }
}

}  // namespace
}  // namespace mailboat
