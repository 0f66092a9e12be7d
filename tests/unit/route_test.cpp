#include "consumer/route.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

std::vector<Route> parsed(const std::string& toml) {
  const auto file = parse_config(toml, "consumer.toml");
  return parse_routes("consumer.toml", file.tables.at("route"));
}

std::string refusal_of(const std::string& toml) {
  try {
    parsed(toml);
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
  EXPECT_TRUE(refusal.starts_with("consumer.toml, line " + beginning)) << refusal;
  EXPECT_NE(refusal.find(remedy), std::string::npos) << refusal;
}

TEST(Routes, SayHowATopicBecomesRows) {
  const auto routes = parsed(R"toml(
[[route]]
topic = "public.users"
name = "people"
table = "analytics_users"
key = ["USER_ID"]
where = ":is_test = 0"
create = true
allow_subqueries = true
[route.columns]
user_id = ":id"
"e-mail" = "lower(:email)"
[[route]]
topic = "sign_up"
table = "sign_ups"
mode = "append"
)toml");
  ASSERT_EQ(routes.size(), 2U);
  Route people{.topic = "public.users", .name = "people", .table = "analytics_users"};
  people.key = {"user_id"};
  people.columns = {{"user_id", ":id"}, {"e-mail", "lower(:email)"}};
  people.where = ":is_test = 0";
  people.create = people.allow_subqueries = true;
  EXPECT_EQ(routes[0], people);
  Route sign_ups{.topic = "sign_up", .name = "sign_up", .table = "sign_ups"};
  sign_ups.mode = Route::Mode::History;
  EXPECT_EQ(routes[1], sign_ups);
}

TEST(Routes, NeedATopicAndATable) {
  expect_refused(with("topic", ""), "1: route 1: topic: is missing", "outbox.publish()");
  expect_refused(with("topic", "topic = ''"), "2: route 1: topic: is empty", "for all topics");
  expect_refused(with("table", ""), "1: route 1 (sign_up): table: is missing", "table = \"user_analytics\"");
  expect_refused(with("table", "table = ''"), "3: route 1 (sign_up): table: is empty", "for example");
  expect_refused(with("key", "key = []"), "4: route 1 (sign_up): key: is empty", "key = [\"user_id\"]");
  expect_refused(with("key", "key = ['']"), "4: route 1 (sign_up): key: a column's name is empty", "");
  EXPECT_EQ(refusal_of(with("key", "")), "accepted") << "a tracked table has a key of its own";
}

TEST(Routes, AreRefusedWithValuesOfAnotherType) {
  expect_refused(with("topic", "topic = 5"), "2: route 1: topic: expected a text", "public.users");
  expect_refused(with("table", "table = ['a']"), "3: route 1 (sign_up): table: expected a text",
                 "for example");
  expect_refused(with("key", "key = 'id'"), "4: route 1 (sign_up): key: expected a list", "[\"user_id\"]");
  expect_refused(with("key", "key = [1]"), "4: route 1 (sign_up): key: expected a list", "[\"user_id\"]");
  expect_refused(with("key", "key = ['id']\ncolumns = 'id'"),
                 "5: route 1 (sign_up): columns: expected columns", "[route.columns]");
  expect_refused(with_columns(""), "5: route 1 (sign_up): columns: expected columns", "Leave it out");
  expect_refused(with_columns("id = 5"), "6: route 1 (sign_up): columns.id: expected a text", "\":user_id\"");
  expect_refused(with("key", "skip = 'yes'"), "4: route 1 (sign_up): skip: expected true or false", "");
  expect_refused(with("key", "create = 7"), "4: route 1 (sign_up): create: expected true, false or a CREATE",
                 "");
  expect_refused(with("key", "create = ''"), "4: route 1 (sign_up): create: is empty", "CREATE TABLE");
  expect_refused(with("key", "where = ''"), "4: route 1 (sign_up): where: is empty", ":is_test = 0");
  expect_refused(with("key", "mode = 'merge'"), "4: route 1 (sign_up): mode: 'merge'", "append");
}

TEST(Routes, AreRefusedWithAnUnknownKey) {
  expect_refused(with("key", "key = ['id']\nwhen = 'x'"), "5: route 1 (sign_up): when: unknown key", "where");
}

TEST(Routes, AreRefusedWithATableThatIsReserved) {
  for (const std::string table : {"sqlite_sequence", "_mailboat_cursor", "SQLITE_x"}) {
    expect_refused(with("table", "table = '" + table + "'"), "3: route 1 (sign_up): table: '" + table + "'",
                   "Rename the table");
  }
}

TEST(Routes, AreRefusedWithColumnsThatSqliteCannotTellApart) {
  expect_refused(with_columns("id = ':a'\nID = ':b'"), "6: route 1 (sign_up): columns.id",
                 "Leave one of them out");
  expect_refused(with_columns("id = ':id'\n_VERSION = ':v'"), "7: route 1 (sign_up): columns._VERSION",
                 "Leave it out");
  expect_refused(with_columns("id = ':id'\n'' = ':v'"),
                 "5: route 1 (sign_up): columns: a column's name is empty", "");
  expect_refused(with("key", "key = ['id', 'ID']"),
                 "4: route 1 (sign_up): key: column 'ID' stands there twice", "");
  expect_refused(with("key", "key = ['_version']"), "4: route 1 (sign_up): key: _version", "Leave it out");
}

TEST(Routes, HaveTheirKeyAmongTheirColumns) {
  expect_refused(with_columns("name = ':name'"), "4: route 1 (sign_up): key: column 'id'", "id = \":id\"");
}

TEST(Routes, OfOneTopicGoToSeveralTables) {
  EXPECT_EQ(refusal_of(with("", "") + with("table", "table = 'others'")), "accepted");
  expect_refused(with("", "") + with("", ""), "5: route 2 (sign_up): name: another route of the same name",
                 "name = \"work_address\"");
  EXPECT_EQ(refusal_of(with("", "") + with("", "") + "name = 'second'"), "accepted");
}

TEST(Routes, ShareATableOfTheOperatorsInOneModeOnly) {
  const auto other = with("topic", "topic = 'log_in'");
  EXPECT_EQ(refusal_of(with("", "") + other), "accepted");
  expect_refused(with("", "") + with("key", "mode = 'append'"), "8: route 2 (sign_up): mode: another route",
                 "");
  expect_refused(other + with("key", "create = true"), "7: route 2 (sign_up): table: 'users' is made",
                 "columns");
}

TEST(Routes, SkipATopicAltogether) {
  EXPECT_TRUE(parsed("[[route]]\ntopic = 'a'\nskip = true").front().skip);
  expect_refused(with("key", "skip = true"), "3: route 1 (sign_up): table: a topic that is skipped",
                 "Leave it out");
  expect_refused(with("", "") + "[[route]]\ntopic = 'sign_up'\nskip = true",
                 "7: route 2 (sign_up): skip: another route has the same topic", "");
}

TEST(Routes, SayWhatHappensToAllOtherTopics) {
  const std::string all = "[[route]]\ntopic = '*'\n";
  const auto routes = parsed(with("", "") + all + "skip = true");
  EXPECT_TRUE(routes_of(routes, "other").front().skip);
  EXPECT_EQ(routes_of(routes, "sign_up").front().table, "users");
  EXPECT_EQ(refusal_of(all + "create = true\ntable = 'copy_of_{schema}_{table}'"), "accepted");
  expect_refused(all + "create = true\ntable = 'copy'", "4: route 1 (*): table: a default route", "{table}");
  expect_refused(all + "table = 'x'", "2: route 1 (*): topic: a default route", "skip = true");
  expect_refused(all + "skip = true\n" + all + "create = true", "4: route 2 (*): skip: another route", "");
}

TEST(Routes, KeepWholePayloadsInAHistoryThatMailboatMakes) {
  const auto route = parsed("[[route]]\ntopic = '*'\nmode = 'append'\ntable = 'log'\ncreate = true").front();
  EXPECT_EQ(route.columns, (std::vector<RouteColumn>{{"topic", ":_topic"}, {"payload", ":_payload"}}));
  expect_refused(with("", "mode = 'append'") + "mode = 'append'", "4: route 1 (sign_up): key: mode",
                 "Leave it out");
}

}  // namespace
}  // namespace mailboat::consumer
