#include "consumer/target_table.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

const Route listed{"sign_up", "users", {"id"}, {{"id", "user"}, {"mail", "mail"}}};
const Route unlisted{"sign_up", "users", {"ID"}, {}};

class TargetTableTest : public testing::Test {
 protected:
  TargetTable table(const std::string& sql) {
    database_.exec("DROP TABLE IF EXISTS users");
    database_.exec(sql);
    return read_target_table(database_, "Users");
  }

  std::string refusal(const Route& route, const TargetTable& table) {
    try {
      require_routable(route, table);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "accepted";
  }

  // Whether the remedy in the sentence, which stands at its end, really is one.
  void expect_remedy_works(const Route& route, const std::string& sentence, const std::string& sql) {
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
  const Route route{"t", "users", {"b", "a"}, {}};
  const auto both =
      table("CREATE TABLE users (a, b, _version INTEGER NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID");
  EXPECT_EQ(refusal(route, both), "accepted");
}

TEST_F(TargetTableTest, ThatDoesNotExistIsRefused) {
  EXPECT_NE(refusal(listed, read_target_table(database_, "users")).find("there is no such table"),
            std::string::npos);
  database_.exec("CREATE VIEW users AS SELECT 1 AS id, 'a' AS mail, 1 AS _version");
  EXPECT_NE(refusal(listed, read_target_table(database_, "users")).find("there is no such table"),
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
    EXPECT_NE(sentence.find("nothing keeps its key (id) unique"), std::string::npos)
        << rest << ": " << sentence;
    expect_remedy_works(listed, sentence, R"(CREATE UNIQUE INDEX "users_id" ON "users" ("id"))");
  }
}

TEST_F(TargetTableTest, BecomesARelationWithItsOwnNamesAndThePayloadsFields) {
  const auto relation = relation_of(listed, table(good));
  EXPECT_EQ(relation.topic, "sign_up");
  EXPECT_EQ(relation.table, "users");
  EXPECT_EQ(relation.key, std::vector<std::string>{"Id"});
  EXPECT_EQ(relation.columns, (std::vector<Column>{{"Id", "user"}, {"Mail", "mail"}}));
}

TEST_F(TargetTableTest, FillsEachOfItsColumnsWhenTheRouteListsNone) {
  const auto relation = relation_of(unlisted, table(good));
  EXPECT_EQ(relation.key, std::vector<std::string>{"Id"});
  EXPECT_EQ(relation.columns, (std::vector<Column>{{"Id", "Id"}, {"Mail", "Mail"}}));
}

}  // namespace
}  // namespace mailboat::consumer
