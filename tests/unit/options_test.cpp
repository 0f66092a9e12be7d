#include "consumer/options.hpp"

#include <gtest/gtest.h>

#include "common/key_file.hpp"
#include "producer/options.hpp"
#include "tests/support/temp_dir.hpp"
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

/// A key pair and an allow list in files, as a producer needs them.
struct Secured {
  KeyPair pair = make_key_pair();
  test::TempDir folder{"keys"};
  std::string key = (folder.path() / "producer.key").string();
  test::TemporaryFile allow_list{"[[consumer]]\nkey = '" + pair.public_key + "'\nsubscriptions = ['shop']\n"};
  Secured() { write_key_files(key, pair, Overwrite::No); }
};

TEST(ProducerOptions, NeedsAKeyAndAnAllowListBeyondThisMachine) {
  const Secured files;
  const std::vector<std::string> everywhere{"--listen", "tcp://0.0.0.0:5657"};
  const auto with = [&everywhere](std::vector<std::string> more) {
    more.insert(more.begin(), everywhere.begin(), everywhere.end());
    return more;
  };
  Printed printed;
  EXPECT_EQ(
      refused_by_producer(with({"--key-file", files.key, "--allow-list", files.allow_list.path()}), printed),
      ExitCode::Done)
      << printed.err.str();
  EXPECT_EQ(refused_by_producer(with({"--key-file", files.key}), printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("key-file needs an allow-list"), std::string::npos) << printed.err.str();
  EXPECT_EQ(refused_by_producer(with({"--allow-list", files.allow_list.path()}), printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("allow-list needs a key-file"), std::string::npos) << printed.err.str();
  const test::TemporaryFile wrong("[[consumer]]\nkey = 'k'\nsubscriptions = ['shop']\n");
  EXPECT_EQ(refused_by_producer(with({"--key-file", files.key, "--allow-list", wrong.path()}), printed),
            ExitCode::Usage);
  EXPECT_NE(printed.err.str().find(wrong.path() + ", line 2"), std::string::npos) << printed.err.str();
  EXPECT_EQ(
      refused_by_producer(
          with({"--key-file", files.allow_list.path(), "--allow-list", files.allow_list.path()}), printed),
      ExitCode::Usage);
}

TEST(ProducerOptions, RefusesLimitsThatNobodyCouldLiveWith) {
  Printed printed;
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"--session-limit", "0"}, {"--handshake-limit", "0"}, {"--message-limit", "1MiB"}}) {
    EXPECT_EQ(refused_by_producer({option, value}, printed), ExitCode::Usage) << option;
    EXPECT_NE(printed.err.str().find(option.substr(2)), std::string::npos) << printed.err.str();
  }
}

TEST(ConsumerOptions, NeedsTheProducersKeyAndOneOfItsOwnBeyondThisMachine) {
  const Secured files;
  const auto with = [](std::vector<std::string> more) {
    const std::vector<std::string> usual{"--producer",     "tcp://a:1", "--producer", "tcp://b:1",
                                         "--subscription", "shop",      "--database", "shop.db"};
    more.insert(more.begin(), usual.begin(), usual.end());
    return more;
  };
  const auto& key = files.pair.public_key;
  Printed printed;
  EXPECT_EQ(refused_by_consumer(with({}), printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("refusing to connect to tcp://a:1"), std::string::npos)
      << printed.err.str();
  EXPECT_EQ(refused_by_consumer(with({"--producer-key", key}), printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("producer-key needs a key-file"), std::string::npos) << printed.err.str();
  EXPECT_EQ(refused_by_consumer(with({"--producer-key", "short", "--key-file", files.key}), printed),
            ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("not a public key: 'short'"), std::string::npos) << printed.err.str();
  EXPECT_EQ(refused_by_consumer(with({"--producer-key", key, "--producer-key", key, "--producer-key", key,
                                      "--key-file", files.key}),
                                printed),
            ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("there are 3 keys for 2 producers"), std::string::npos)
      << printed.err.str();

  const auto parsed = consumer::parse_options(with({"--producer-key", key, "--key-file", files.key}),
                                              printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  EXPECT_EQ(options.keys.secret_key, files.pair.secret_key);
  EXPECT_EQ(consumer::producer_key_of(options.sources.front(), "tcp://b:1"), key);
}

TEST(ConsumerOptions, HasAKeyForEachProducerOfEachSource) {
  const Secured files;
  const auto& one = files.pair.public_key;
  const auto other = make_key_pair().public_key;
  const test::TemporaryFile file(
      "database = 'd'\nkey_file = '" + files.key + "'\n[[source]]\nname = 'eu'\nsubscription = 's'\n" +
      "producer = ['tcp://a:1', 'tcp://b:1']\nproducer_key = ['" + one + "', '" + other + "']\n" +
      "[[source]]\nname = 'here'\nproducer = 'tcp://127.0.0.1:1'\nsubscription = 's'\n");
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& sources = std::get<consumer::ConsumerOptions>(parsed).sources;
  EXPECT_EQ(consumer::producer_key_of(sources[0], "tcp://a:1"), one);
  EXPECT_EQ(consumer::producer_key_of(sources[0], "tcp://b:1"), other);
  EXPECT_EQ(consumer::producer_key_of(sources[1], "tcp://127.0.0.1:1"), "");
}

TEST(ProducerOptions, RefusesUnusableValues) {
  Printed printed;
  EXPECT_EQ(refused_by_producer({"--listen", "localhost"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--heartbeat", "0s"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--poll-interval-max", "0ms"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--metrics-listen", "9657"}, printed), ExitCode::Usage);
  EXPECT_EQ(refused_by_producer({"--metrics-listen", "[::1]:9657"}, printed), ExitCode::Done);
}

TEST(ProducerOptions, RefusesRoutes) {
  const test::TemporaryFile file("[[route]]\ntopic = 'a'\n");
  Printed printed;
  EXPECT_EQ(refused_by_producer({"--config", file.path()}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("unknown key 'route'"), std::string::npos) << printed.err.str();
}

TEST(ConsumerOptions, HasRoutesAndARejectLimitFromTheFile) {
  const test::TemporaryFile file("reject_limit = 0\n[[route]]\ntopic = 'a'\ntable = 't'\nkey = ['k']\n");
  const std::vector<std::string> arguments{"--producer", "tcp://a:1",  "--subscription",
                                           "s",          "--database", "d",
                                           "--config",   file.path(),  "--insecure"};
  Printed printed;
  const auto parsed = consumer::parse_options(arguments, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  EXPECT_EQ(options.reject_limit, 0U);
  ASSERT_EQ(options.routes.size(), 1U);
  EXPECT_EQ(options.routes.front().topic, "a");
  EXPECT_EQ(options.routes.front().key, std::vector<std::string>{"k"});
}

TEST(ConsumerOptions, HasTheSourcesOfTheFileInsteadOfTheFlags) {
  const test::TemporaryFile file(
      "database = 'd'\ninsecure = true\n[[source]]\nname = 'eu'\nproducer = 'tcp://a:1'\nsubscription = 's'\n"
      "[[source]]\nname = 'us'\nproducer = ['tcp://b:1', 'tcp://c:1']\nsubscription = 's'\nprefix = 'us_'\n");
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  EXPECT_EQ(std::get<consumer::ConsumerOptions>(parsed).sources,
            (std::vector<consumer::Source>{{"eu", {"tcp://a:1"}, "s", ""},
                                           {"us", {"tcp://b:1", "tcp://c:1"}, "s", "us_"}}));
}

TEST(ConsumerOptions, RefusesSourcesBesideASettingThatEachHasItself) {
  const std::string source = "[[source]]\nname = 'eu'\nproducer = 'tcp://a:1'\nsubscription = 's'\n";
  const test::TemporaryFile file("database = 'd'\n" + source);
  const test::TemporaryFile both("database = 'd'\nsubscription = 's'\n" + source);
  const std::string remedy = " has [[source]], each with a subscription of its own. Remove one or the other";
  Printed printed;
  EXPECT_EQ(refused_by_consumer({"--config", file.path(), "--subscription", "s"}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("--subscription: " + file.path() + remedy), std::string::npos)
      << printed.err.str();
  EXPECT_EQ(refused_by_consumer({"--config", both.path()}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find(both.path() + ", line 2: subscription: " + both.path() + remedy),
            std::string::npos)
      << printed.err.str();
  EXPECT_EQ(refused_by_consumer({"--config", file.path(), "--producer", "tcp://a:1"}, printed),
            ExitCode::Usage);
}

TEST(ConsumerOptions, GivesRoutesToTheirSources) {
  const std::string sources =
      "database = 'd'\ninsecure = true\n[[source]]\nname = 'eu'\nproducer = 'tcp://a:1'\nsubscription = 's'\n"
      "[[source]]\nname = 'us'\nproducer = 'tcp://b:1'\nsubscription = 's'\n";
  const test::TemporaryFile file(sources +
                                 "[[route]]\nsource = 'eu'\ntopic = 'a'\ntable = 't'\nkey = ['k']\n"
                                 "[[route]]\nsource = 'us'\ntopic = 'a'\ntable = 'u'\nkey = ['k']\n");
  Printed printed;
  const auto parsed =
      consumer::parse_options({"--config", file.path()}, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  const auto of_us = consumer::routes_of_source(options.sources[1], options.routes);
  ASSERT_EQ(of_us.size(), 1U);
  EXPECT_EQ(of_us[0].table, "u");
  const test::TemporaryFile unclear(sources + "[[route]]\ntopic = 'a'\ntable = 't'\nkey = ['k']\n");
  EXPECT_EQ(refused_by_consumer({"--config", unclear.path()}, printed), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find(
                "line 11: route 1 (a): source: is missing. Say whose topic it is (the sources are: "
                "eu, us)"),
            std::string::npos)
      << printed.err.str();
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

TEST(ConsumerOptions, RefusesAConnectionStringWithoutRepeatingIt) {
  for (const auto refused : {refused_by_producer, refused_by_consumer}) {
    Printed printed;
    EXPECT_EQ(refused({"postgresql://app:hunter2@db/shop"}, printed), ExitCode::Usage);
    EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
    EXPECT_NE(printed.err.str().find("unexpected argument"), std::string::npos) << printed.err.str();
  }
}

TEST(ConsumerOptions, NeedsProducerSubscriptionAndDatabase) {
  const std::vector<std::string> complete{"--producer", "tcp://a:1",      "--producer",
                                          "tcp://b:1",  "--subscription", "shop",
                                          "--database", "shop.db",        "--insecure"};
  Printed printed;
  const auto parsed = consumer::parse_options(complete, printed.terminal(), environment_of({}));
  ASSERT_TRUE(std::holds_alternative<consumer::ConsumerOptions>(parsed)) << printed.err.str();
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  EXPECT_EQ(options.sources, (std::vector<consumer::Source>{{"", {"tcp://a:1", "tcp://b:1"}, "shop", ""}}));
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
