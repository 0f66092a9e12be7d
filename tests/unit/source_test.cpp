#include "consumer/source.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

std::string refusal_of(const std::string& toml) {
  const auto file = parse_config(toml, "consumer.toml");
  try {
    parse_sources("consumer.toml", file.tables.at("source"));
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

// A whole source in which `line` stands instead of the one for the same key.
std::string with(const std::string& key, const std::string& line) {
  std::string toml = "[[source]]\n";
  for (const auto& [name, usual] :
       std::vector<std::pair<std::string, std::string>>{{"name", "name = 'eu'"},
                                                        {"producer", "producer = 'tcp://a:1'"},
                                                        {"subscription", "subscription = 'shop'"},
                                                        {"prefix", "prefix = 'eu_'"}}) {
    toml += (name == key ? line : usual) + '\n';
  }
  return toml;
}

std::string expect_refused(const std::string& toml, const std::string& beginning, const std::string& remedy) {
  const auto refusal = refusal_of(toml);
  EXPECT_TRUE(refusal.starts_with("consumer.toml, line " + beginning)) << refusal;
  EXPECT_NE(refusal.find(remedy), std::string::npos) << refusal;
  return refusal;
}

TEST(Sources, NeedANameAProducerAndASubscription) {
  EXPECT_EQ(refusal_of(with("", "")), "accepted");
  EXPECT_EQ(refusal_of(with("prefix", "")), "accepted");
  expect_refused(with("name", ""), "1: source 1: name: is missing", "for example: name = \"eu\"");
  expect_refused(with("producer", ""), "1: source 1 (eu): producer: is missing", "tcp://127.0.0.1:5657");
  expect_refused(with("subscription", ""), "1: source 1 (eu): subscription: is missing",
                 "mailboat subscribe");
}

TEST(Sources, NameTheLineOfWhatCannotBeMeant) {
  expect_refused(with("name", "name = 'e u'"), "2: source 1: name: 'e u' has other characters", "letters");
  expect_refused(with("name", "name = ''"), "2: source 1: name: is empty", "letters");
  expect_refused(with("producer", "producer = []"), "3: source 1 (eu): producer: the list is empty", "Give");
  expect_refused(with("producer", "producer = [1]"), "3: source 1 (eu): producer: expected a text", "Give");
  expect_refused(with("producer", "producer = 'nowhere'"), "3: source 1 (eu): producer: ", "'nowhere'");
  expect_refused(with("subscription", "subscription = 5"), "4: source 1 (eu): subscription: expected a text",
                 "");
  expect_refused(with("prefix", "prefix = 'a b'"), "5: source 1 (eu): prefix: 'a b' has other", "eu_");
  expect_refused(with("prefix", "prefix = '_mailboat_'"), "5: source 1 (eu): prefix: ", "reserved");
  expect_refused(with("prefix", "prefix = true"), "5: source 1 (eu): prefix: expected a text", "eu_");
  expect_refused(with("prefix", "database = 'd'"), "5: source 1 (eu): database: unknown key",
                 "above the first [[source]]");
}

TEST(Sources, AreToldApart) {
  const std::string eu = with("", "");
  expect_refused(eu + eu, "7: source 2: name: another source is called 'eu' already", "Rename");
  expect_refused(
      eu + with("name", "name = 'us'"),
      "9: source 2 (us): subscription: source 'eu' follows subscription 'shop' of the same producer",
      "Leave one of them out");
}

Route route(const std::string& topic, const std::string& table, const std::string& source) {
  Route made;
  made.topic = topic;
  made.table = table;
  made.source = source;
  return made;
}

TEST(Sources, OwnTheTablesOfTheirRoutes) {
  const std::vector<Source> sources{{"eu", {"tcp://a:1"}, "s", ""}, {"us", {"tcp://b:1"}, "s", ""}};
  std::vector<Route> routes{route("a", "T", "eu"), route("b", "t", "us")};
  try {
    assign_routes(routes, sources);
    ADD_FAILURE() << "accepted";
  } catch (const ConfigurationError& error) {
    EXPECT_STREQ(
        error.what(),
        "the table of b: table: a route of source 'eu' writes to 'T' already, and a table belongs to one "
        "source. Give one of them another table");
  }
}

TEST(Sources, NeedNotBeNamedByRoutesWhereThereIsOne) {
  std::vector<Route> routes{route("a", "t", "")};
  assign_routes(routes, {{"eu", {"tcp://a:1"}, "s", ""}});
  EXPECT_EQ(routes[0].source, "eu");
  routes[0].source = "us";
  EXPECT_THROW(assign_routes(routes, {{"eu", {"tcp://a:1"}, "s", ""}}), ConfigurationError);
  EXPECT_THROW(assign_routes(routes, {{"", {"tcp://a:1"}, "s", ""}}), ConfigurationError);
}

}  // namespace
}  // namespace mailboat::consumer
