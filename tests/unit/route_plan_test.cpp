#include "consumer/route_plan.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

const Relation users{
    "public.users",
    "public",
    "users",
    {"tenant", "id"},
    {{"tenant", "text", 1}, {"id", "bigint", 2}, {"email", "text", 3}, {"tags", "text[]", 4}}};

/// A route of public.users to a table `people (tenant, id, value)` of the operator's.
class RoutePlan : public testing::Test {
 protected:
  RoutePlan() {
    database_.exec(
        "CREATE TABLE people (tenant TEXT, id INTEGER, value, _version INTEGER NOT NULL, PRIMARY KEY "
        "(tenant, id));"
        "CREATE TABLE secrets (value TEXT)");
    route_.topic = route_.name = "public.users";
    route_.table = "people";
    route_.columns = {{"tenant", ":tenant"}, {"id", ":id"}, {"value", ":email"}};
    route_.place = {
        "consumer.toml", 3, 20, {{"topic", 21}, {"columns", 24}, {"columns.value", 27}, {"where", 23}}};
  }

  std::string refusal(const Relation* relation = &users) {
    try {
      static_cast<void>(plan_route(database_, route_, relation, false));
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string refusal_of_value(const std::string& expression) {
    route_.columns[2].expression = expression;
    return refusal();
  }
  void expect_refused_value(const std::string& expression, const std::string& reason) {
    const auto sentence = refusal_of_value(expression);
    EXPECT_TRUE(sentence.starts_with("consumer.toml, line 27: route 3 (public.users): columns.value: '" +
                                     expression + "': "))
        << sentence;
    EXPECT_NE(sentence.find(reason), std::string::npos) << sentence;
  }

  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  Route route_;
};

TEST_F(RoutePlan, TakesWhatSqliteCanCompute) {
  for (const std::string expression :
       {":email", "lower(:email)", "substr(:email, instr(:email, '@') + 1)", "date(:email)", ":id * 1.19",
        ":email ->> '$.city'", "(SELECT group_concat(value) FROM json_each(:tags))", "'constant'", "NULL",
        "CASE WHEN :id > 5 THEN 'new' ELSE 'old' END", ":email -- with a comment",
        "coalesce(:email, :tenant)"}) {
    EXPECT_EQ(refusal_of_value(expression), "accepted") << expression;
  }
}

TEST_F(RoutePlan, NamesFileLineRouteColumnAndWhatSqliteSays) {
  expect_refused_value("lower(:email", "SQLite says: ");
  expect_refused_value("lowercase(:email)", "no such function: lowercase");
  expect_refused_value("email", "no such column: email. A column of the source is written with a colon: :id");
  expect_refused_value("\"email\"", "no such column");
  expect_refused_value("", "it is empty");
  EXPECT_EQ(refusal_of_value(":mail"),
            "consumer.toml, line 27: route 3 (public.users): columns.value: public.users has no column "
            "'mail' (it has: "
            "tenant, id, email, tags)");
}

TEST_F(RoutePlan, RefusesWhateverIsNotOneValueOfTheRow) {
  expect_refused_value("count(*)", "misuse of aggregate");
  expect_refused_value(":id, :email", "SQLite says: ");
  expect_refused_value("1); DROP TABLE people; SELECT (1", "");
  expect_refused_value("1) UNION SELECT (2", "");
  expect_refused_value("?1", "colon before its name");
  expect_refused_value("$id", "colon before its name");
  expect_refused_value("@id", "colon before its name");
}

TEST_F(RoutePlan, RefusesWhatReachesBeyondTheRow) {
  expect_refused_value("(SELECT value FROM secrets)", "allow_subqueries = true");
  expect_refused_value("EXISTS (SELECT 1 FROM sqlite_master)", "allow_subqueries = true");
  expect_refused_value("load_extension('x.so')", "load_extension() is not allowed");
  route_.allow_subqueries = true;
  EXPECT_EQ(refusal_of_value("(SELECT value FROM secrets)"), "accepted");
}

TEST_F(RoutePlan, RefusesWhatGivesAnotherValueEachTimeWhereRowsAreCompared) {
  expect_refused_value("random()", "another value each time");
  expect_refused_value("CURRENT_TIMESTAMP", "another value each time");
}

TEST_F(RoutePlan, ChecksTheFilterAsWell) {
  route_.where = "is_test = 0";
  EXPECT_TRUE(refusal().starts_with("consumer.toml, line 23: route 3 (public.users): where: 'is_test = 0': "))
      << refusal();
}

TEST_F(RoutePlan, HasTheSourcesKeyUnlessItSaysOtherwise) {
  EXPECT_EQ(plan_route(database_, route_, &users, false).key, (std::vector<std::string>{"tenant", "id"}));
  route_.columns[1].expression = ":id + 0";
  EXPECT_NE(refusal().find("no column is filled with ':id' alone"), std::string::npos) << refusal();
  route_.key = {"tenant", "id"};
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(RoutePlan, RefusesAKeyThatADeleteDoesNotTell) {
  route_.key = {"tenant", "value"};
  EXPECT_NE(refusal().find("'value' is computed from 'email', which is not in the key"), std::string::npos);
}

TEST_F(RoutePlan, RefusesAKeyThatMakesTwoRowsOne) {
  database_.exec("CREATE UNIQUE INDEX by_id ON people (id)");
  route_.key = {"id"};
  EXPECT_NE(refusal().find("'tenant' does not stand in the route's key: two of them could be one row"),
            std::string::npos)
      << refusal();
}

TEST_F(RoutePlan, OfAnApplicationsTopicTakesWhateverFieldIsNamed) {
  route_.key = {"tenant", "id"};
  const auto plan = plan_route(database_, route_, nullptr, false);
  EXPECT_EQ(plan.source, (std::vector<Column>{Column("tenant"), Column("id"), Column("email")}));
  route_.key.clear();
  EXPECT_NE(refusal(nullptr).find("key: is missing"), std::string::npos);
}

TEST_F(RoutePlan, WithoutColumnsFillsThoseThatBothSidesHave) {
  database_.exec(
      "CREATE TABLE copy (ID INTEGER, Tenant TEXT, note TEXT, _version INTEGER NOT NULL, PRIMARY KEY "
      "(Tenant, ID))");
  route_.table = "copy";
  route_.columns.clear();
  const auto plan = plan_route(database_, route_, &users, false);
  EXPECT_EQ(plan.columns, (std::vector<TargetColumn>{{"Tenant", "@c0"}, {"ID", "@c1"}}));
  EXPECT_EQ(plan.key, (std::vector<std::string>{"Tenant", "ID"}));
}

TEST_F(RoutePlan, TellsOfOneEventOnlyInAHistory) {
  EXPECT_NE(refusal_of_value(":_op").find("':_op' is there with mode = \"append\" only"), std::string::npos);
  database_.exec(
      "CREATE TABLE log (_event_id INTEGER PRIMARY KEY, _op TEXT NOT NULL, _time TEXT NOT NULL, what)");
  route_.table = "log";
  route_.mode = Route::Mode::History;
  route_.columns = {{"what", ":_op || :_topic || random()"}};
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(RoutePlan, MakesATableWithTheTypesOfPlainColumns) {
  route_.columns = {{"tenant", ":tenant"}, {"id", ":id"}, {"domain", "lower(:email)"}};
  route_.table = "made";
  EXPECT_EQ(create_route_table(route_, &users, true),
            R"(CREATE TABLE "made" ("tenant" TEXT, "id" INTEGER, "domain", "_version" INTEGER NOT NULL, )"
            R"("_route" TEXT NOT NULL, PRIMARY KEY ("tenant", "id")))");
  route_.columns = {{"domain", "lower(:email)"}};
  EXPECT_THROW(static_cast<void>(create_route_table(route_, &users, false)), InvalidInput);
}

}  // namespace
}  // namespace mailboat::consumer
