#include "consumer/target_table.hpp"

#include <gtest/gtest.h>

namespace mailboat::consumer {
namespace {

TargetPlan plan_of(std::vector<std::string> key, std::vector<TargetColumn> columns = {}) {
  TargetPlan plan;
  plan.topic = "sign_up";
  plan.table = "users";
  plan.key = std::move(key);
  plan.columns = std::move(columns);
  return plan;
}

const auto listed = plan_of({"id"}, {{"id", ":user"}, {"mail", ":mail"}});
const auto unlisted = plan_of({"ID"});

class TargetTableTest : public testing::Test {
 protected:
  TargetTable table(const std::string& sql) {
    database_.exec("DROP TABLE IF EXISTS users");
    database_.exec(sql);
    return read_target_table(database_, "Users");
  }

  static std::string refusal(const TargetPlan& plan, const TargetTable& table) {
    const auto sentence = misfit(plan, table);
    return sentence.empty() ? "accepted" : sentence;
  }

  // Whether the remedy in the sentence, which stands at its end, really is one.
  void expect_remedy_works(const TargetPlan& route, const std::string& sentence, const std::string& sql) {
    EXPECT_TRUE(sentence.ends_with(sql)) << sentence;
    database_.exec(sql);
    EXPECT_EQ(refusal(route, read_target_table(database_, "users")), "accepted");
  }

  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

const std::string good = "CREATE TABLE users (Id INTEGER PRIMARY KEY, Mail, _version INTEGER NOT NULL)";

TEST_F(TargetTableTest, IsAcceptedWithItsColumnsAVersionAndAUniqueKey) {
  EXPECT_EQ(refusal(listed, table(good)), "accepted");
  EXPECT_EQ(refusal(unlisted, table(good)), "accepted");
  EXPECT_EQ(refusal(listed, table("CREATE TABLE users (id UNIQUE, mail, _version BIGINT NOT NULL)")),
            "accepted");
}

TEST_F(TargetTableTest, AnyOrderOfTheKeysColumnsWillDo) {
  const auto route = plan_of({"b", "a"});
  const auto both =
      table("CREATE TABLE users (a, b, _version INTEGER NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID");
  EXPECT_EQ(refusal(route, both), "accepted");
}

TEST_F(TargetTableTest, ThatDoesNotExistIsRefused) {
  EXPECT_NE(refusal(listed, read_target_table(database_, "users")).find("there is no SQLite table"),
            std::string::npos);
  database_.exec("CREATE VIEW users AS SELECT 1 AS id, 'a' AS mail, 1 AS _version");
  EXPECT_NE(refusal(listed, read_target_table(database_, "users")).find("there is no SQLite table"),
            std::string::npos);
}

TEST_F(TargetTableTest, WithoutAColumnOfTheRouteIsRefused) {
  const auto short_one = table("CREATE TABLE users (id INTEGER PRIMARY KEY, _version INTEGER NOT NULL)");
  const auto sentence = refusal(listed, short_one);
  EXPECT_NE(sentence.find("no column 'mail'"), std::string::npos) << sentence;
  expect_remedy_works(listed, sentence, R"(ALTER TABLE "users" ADD COLUMN "mail")");
}

TEST_F(TargetTableTest, AGeneratedColumnCannotBeWritten) {
  const auto generated =
      table("CREATE TABLE users (id INTEGER PRIMARY KEY, mail AS (id || '@'), _version INTEGER NOT NULL)");
  EXPECT_NE(refusal(listed, generated).find("no column 'mail' that can be written"), std::string::npos);
  EXPECT_EQ(refusal(unlisted, generated), "accepted");
}

TEST_F(TargetTableTest, WithoutAVersionIsRefused) {
  const auto sentence = refusal(listed, table("CREATE TABLE users (id INTEGER PRIMARY KEY, mail)"));
  expect_remedy_works(listed, sentence,
                      R"(ALTER TABLE "users" ADD COLUMN _version INTEGER NOT NULL DEFAULT 0)");
}

TEST_F(TargetTableTest, WithAVersionThatMightNotCompareIsRefused) {
  for (const std::string type : {"INTEGER", "TEXT NOT NULL", ""}) {
    const auto sentence =
        refusal(listed, table("CREATE TABLE users (id INTEGER PRIMARY KEY, mail, _version " + type + ")"));
    EXPECT_NE(sentence.find("not declared INTEGER NOT NULL"), std::string::npos) << type << ": " << sentence;
    database_.exec("ALTER TABLE users DROP COLUMN _version");
    expect_remedy_works(listed, sentence,
                        R"(ALTER TABLE "users" ADD COLUMN _version INTEGER NOT NULL DEFAULT 0)");
  }
}

TEST_F(TargetTableTest, WhereNothingKeepsTheKeyUniqueIsRefused) {
  const std::string create = "CREATE TABLE users (id, mail, _version INTEGER NOT NULL";
  for (const std::string rest : {");", ", UNIQUE (id, mail));", "); CREATE INDEX plain ON users (id)",
                                 "); CREATE UNIQUE INDEX some ON users (id) WHERE mail IS NOT NULL",
                                 "); CREATE UNIQUE INDEX computed ON users (lower(id))"}) {
    const auto sentence = refusal(listed, table(create + rest));
    EXPECT_NE(sentence.find("nothing keeps (id) unique"), std::string::npos) << rest << ": " << sentence;
    expect_remedy_works(listed, sentence, R"(CREATE UNIQUE INDEX "users_id" ON "users" ("id"))");
  }
}

TEST_F(TargetTableTest, ThatSeveralRoutesWriteTellsWhoseARowIs) {
  auto shared = listed;
  shared.route = "sign_up's";
  const auto sentence = refusal(shared, table(good));
  expect_remedy_works(shared, sentence,
                      R"(ALTER TABLE "users" ADD COLUMN _route TEXT NOT NULL DEFAULT 'sign_up''s')");
}

TEST_F(TargetTableTest, OfAHistoryNotesTheEvent) {
  auto history = plan_of({}, {{"mail", ":mail"}});
  history.mode = TargetPlan::Mode::History;
  EXPECT_NE(refusal(history, table(good)).find("no column _event_id"), std::string::npos);
  const std::string columns = "CREATE TABLE users (_event_id INTEGER, mail, _op TEXT NOT NULL";
  expect_remedy_works(history, refusal(history, table(columns + ", _time TEXT NOT NULL)")),
                      R"(CREATE UNIQUE INDEX "users__event_id" ON "users" ("_event_id"))");
  database_.exec("DROP INDEX IF EXISTS users__event_id");
  expect_remedy_works(history, refusal(history, table(columns + ", UNIQUE (_event_id))")),
                      R"(ALTER TABLE "users" ADD COLUMN _time TEXT NOT NULL DEFAULT '')");
}

}  // namespace
}  // namespace mailboat::consumer
