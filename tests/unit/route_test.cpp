#include "consumer/route.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

std::vector<Route> routes_of(const std::string& toml) {
  const auto file = parse_config(toml, "consumer.toml");
  return parse_routes("consumer.toml", file.tables.at("route"));
}

std::string refusal_of(const std::string& toml) {
  try {
    routes_of(toml);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

// A whole route in which `line` stands instead of the one for the same key.
std::string with(const std::string& key, const std::string& line) {
  std::string toml = "[[route]]\n";
  for (const auto& [name, usual] : std::vector<std::pair<std::string, std::string>>{
           {"topic", "topic = 'sign_up'"}, {"table", "table = 'users'"}, {"key", "key = ['id']"}}) {
    toml += (name == key ? line : usual) + '\n';
  }
  return toml;
}

std::string with_columns(const std::string& columns) { return with("", "") + "[route.columns]\n" + columns; }

void expect_refused(const std::string& toml, const std::string& beginning, const std::string& remedy) {
  const auto refusal = refusal_of(toml);
  EXPECT_TRUE(refusal.starts_with("consumer.toml: route " + beginning)) << refusal;
  EXPECT_NE(refusal.find(remedy), std::string::npos) << refusal;
}

TEST(Routes, SayHowATopicBecomesRows) {
  const auto routes = routes_of(R"(
[[route]]
topic = "create_user_analytics"
table = "user_analytics"
key = ["USER_ID"]
[route.columns]
user_id = ":user_id"
"e-mail" = ":größe_1"
[[route]]
topic = "sign_up"
table = "sign_ups"
key = ["day", "id"]
)");
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0], (Route{"create_user_analytics",
                              "user_analytics",
                              {"user_id"},
                              {{"e-mail", "größe_1"}, {"user_id", "user_id"}}}));
  EXPECT_EQ(routes[1], (Route{"sign_up", "sign_ups", {"day", "id"}, {}}));
}

TEST(Routes, NeedTopicTableAndKey) {
  expect_refused(with("topic", ""), "1: topic: is missing", "outbox.publish()");
  expect_refused(with("topic", "topic = ''"), "1: topic: is empty", "for example");
  expect_refused(with("table", ""), "1 (sign_up): table: is missing", "table = \"user_analytics\"");
  expect_refused(with("table", "table = ''"), "1 (sign_up): table: is empty", "for example");
  expect_refused(with("key", ""), "1 (sign_up): key: is missing", "key = [\"user_id\"]");
  expect_refused(with("key", "key = []"), "1 (sign_up): key: is empty", "key = [\"user_id\"]");
  expect_refused(with("key", "key = ['']"), "1 (sign_up): key: a column's name is empty", "");
}

TEST(Routes, AreRefusedWithValuesOfAnotherType) {
  expect_refused(with("topic", "topic = 5"), "1: topic: expected a text", "for example");
  expect_refused(with("table", "table = ['a']"), "1 (sign_up): table: expected a text", "for example");
  expect_refused(with("key", "key = 'id'"), "1 (sign_up): key: expected a list", "key = [\"user_id\"]");
  expect_refused(with("key", "key = [1]"), "1 (sign_up): key: expected a list", "key = [\"user_id\"]");
  expect_refused(with("key", "key = ['id']\ncolumns = 'id'"), "1 (sign_up): columns: expected columns",
                 "[route.columns]");
  expect_refused(with_columns(""), "1 (sign_up): columns: expected columns", "Leave it out");
  expect_refused(with_columns("id = 5"), "1 (sign_up): columns.id: expected a text", "\":user_id\"");
}

TEST(Routes, AreRefusedWithAnUnknownKey) {
  expect_refused(with("key", "key = ['id']\nwhere = 'x'"), "1 (sign_up): where: unknown key",
                 "topic, table, key, columns");
}

TEST(Routes, HaveATopicEach) {
  const auto twice = with("", "") + with("table", "table = 'others'");
  expect_refused(twice, "2 (sign_up): topic: route 1 has the same topic", "Leave one of them out");
}

TEST(Routes, AreRefusedWithATableThatIsReserved) {
  for (const std::string table : {"sqlite_sequence", "_mailboat_cursor", "SQLITE_x"}) {
    expect_refused(with("table", "table = '" + table + "'"), "1 (sign_up): table: '" + table + "'",
                   "Rename the table");
  }
}

TEST(Routes, AreRefusedWithColumnsThatSqliteCannotTellApart) {
  expect_refused(with_columns("id = ':a'\nID = ':b'"), "1 (sign_up): columns.id", "Leave one of them out");
  expect_refused(with_columns("id = ':id'\n_VERSION = ':v'"), "1 (sign_up): columns._VERSION",
                 "Leave it out");
  expect_refused(with_columns("id = ':id'\n'' = ':v'"), "1 (sign_up): columns: a column's name is empty", "");
  expect_refused(with("key", "key = ['id', 'ID']"), "1 (sign_up): key: column 'ID' stands there twice", "");
  expect_refused(with("key", "key = ['_version']"), "1 (sign_up): key: _version", "Leave it out");
}

TEST(Routes, HaveTheirKeyAmongTheirColumns) {
  expect_refused(with_columns("name = ':name'"), "1 (sign_up): key: column 'id'", "id = \":id\"");
}

TEST(Routes, TakeAFieldAndNoExpression) {
  for (const std::string value :
       {"id", "", ":", "upper(:name)", ":id + 1", ":address.city", ":e-mail", " :id", "date(:day)"}) {
    expect_refused(with_columns("id = '" + value + "'"), "1 (sign_up): columns.id: '" + value + "'",
                   "expressions are not supported yet");
  }
}

}  // namespace
}  // namespace mailboat::consumer
