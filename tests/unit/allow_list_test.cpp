#include "producer/allow_list.hpp"

#include <gtest/gtest.h>

#include "common/curve_key.hpp"
#include "common/error.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat::producer {
namespace {

const std::string one = make_key_pair().public_key;
const std::string other = make_key_pair().public_key;

AllowList parse(const std::string& text) {
  return parse_allow_list("allow.toml", parse_config(text, "allow.toml"));
}

std::string entry(const std::string& key, const std::string& subscriptions, const std::string& more = "") {
  return "[[consumer]]\nkey = '" + key + "'\nsubscriptions = " + subscriptions + "\n" + more + "\n";
}

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "it was read";
}

TEST(AllowList, LetsEachKeyTakeWhatStandsBesideIt) {
  const auto list = parse(entry(one, "['shop', 'shop_eu']", "name = 'web-1'") + entry(other, "['crm']"));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.may_take(one, "shop"));
  EXPECT_TRUE(list.may_take(one, "shop_eu"));
  EXPECT_FALSE(list.may_take(one, "crm"));
  EXPECT_FALSE(list.may_take(one, "SHOP"));
  EXPECT_FALSE(list.may_take(one, ""));
  EXPECT_TRUE(list.may_take(other, "crm"));
  EXPECT_FALSE(list.may_take(other, "shop"));
  EXPECT_EQ(list.name_of(one), "web-1");
  EXPECT_EQ(list.name_of(other), other);
}

TEST(AllowList, KnowsNobodyElse) {
  const auto list = parse(entry(one, "['*']"));
  EXPECT_TRUE(list.knows(one));
  EXPECT_TRUE(list.may_take(one, "anything"));
  for (const auto& key : {other, std::string(), one + " ", one.substr(0, 39)}) {
    EXPECT_FALSE(list.knows(key));
    EXPECT_FALSE(list.may_take(key, "anything"));
  }
  EXPECT_EQ(parse("").size(), 0U);
  EXPECT_EQ(parse("consumer = []").size(), 0U);
}

TEST(AllowList, RefusesWhatCannotBeMeantAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {entry("short", "['a']"), "allow.toml, line 2: consumer 1: key: not a public key: 'short'"},
      {entry(one, "['a']") + entry(one, "['b']"), "line 6: consumer 2: key: another entry has it already"},
      {entry(one, "[]"), "line 3: consumer 1: subscriptions: expected a list of names"},
      {entry(one, "'a'"), "subscriptions: expected a list of names"},
      {entry(one, "['']"), "subscriptions: a name is empty"},
      {entry(one, "[7]"), "subscriptions: expected a list of names"},
      {entry(one, "['a']", "subscription = 'b'"),
       "line 4: consumer 1: subscription: unknown key (did you mean subscriptions?)"},
      {entry(one, "['a']", "name = ''"), "name: is empty"},
      {entry(one, "['a']", "name = 7"), "name: expected a text"},
      {"[[consumer]]\nkey = '" + one + "'\n", "line 1: consumer 1: subscriptions: is missing"},
      {"[[consumer]]\nsubscriptions = ['a']\n", "consumer 1: key: is missing"},
      {"[consumer]\nkey = '" + one + "'\n", "in double brackets"},
      {"[[consumers]]\n", "unknown key 'consumers'"},
      {"key = 'a'\n", "unknown key 'key'"},
      {"[[consumer]\n", "allow.toml, line 1"}};
  for (const auto& [text, sentence] : mistakes)
    EXPECT_NE(refusal(text).find(sentence), std::string::npos) << text << refusal(text);
}

TEST(AllowList, ThatCannotBeReadIsNamed) {
  try {
    read_allow_list("/nowhere/allow.toml");
    FAIL() << "read what is not there";
  } catch (const ConfigurationError& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/allow.toml"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace mailboat::producer
