#include "consumer/table_schema.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "common/error.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/table_alteration.hpp"

namespace mailboat::consumer {
namespace {

Relation users() {
  return {"public.users",
          "public",
          "users",
          {"id"},
          {{"id", "bigint", 1}, {"e-mail", "text", 2}, {"score", "real", 3}}};
}

std::vector<std::string> user_columns() { return {"id", "e-mail", "score", "_version"}; }

TEST(TableSchema, ASingleIntegerKeyIsTheRowid) {
  EXPECT_EQ(create_table(users(), "users"),
            R"(CREATE TABLE "users" ("id" INTEGER NOT NULL PRIMARY KEY, "e-mail" TEXT, "score" REAL, )"
            R"("_version" INTEGER NOT NULL))");
}

TEST(TableSchema, ACompositeKeyStandsInKeyOrder) {
  const Relation relation{"s.t", "s", "t", {"b", "a"}, {{"a", "text", 1}, {"b", "uuid", 2}}};
  EXPECT_EQ(table_name(relation), "s_t");
  EXPECT_EQ(create_table(relation, "s_t"),
            R"(CREATE TABLE "s_t" ("a" TEXT NOT NULL, "b" TEXT NOT NULL, "_version" INTEGER NOT NULL, )"
            R"(PRIMARY KEY ("b", "a")))");
}

TEST(TableSchema, ColumnsThatSqliteCannotTellApartAreRefused) {
  auto relation = users();
  relation.columns.push_back({"ID", "integer", 4});
  EXPECT_THROW(static_cast<void>(create_table(relation, "users")), InvalidInput);
  relation.columns.back().name = "_VERSION";
  EXPECT_THROW(static_cast<void>(create_table(relation, "users")), InvalidInput);
}

TEST(TableSchema, ReservedTableNamesAreRefused) {
  auto relation = users();
  for (const auto* name : {"sqlite_users", "_mailboat_cursor", "SQLITE_x"}) {
    relation.table = name;
    EXPECT_THROW(static_cast<void>(table_name(relation)), InvalidInput) << name;
  }
}

TEST(TableSchema, AddedColumnsAreAddedRenamedOnesRenamedDroppedOnesStay) {
  auto after = users();
  after.columns[1].name = "mail";
  after.columns.erase(after.columns.begin() + 2);
  after.columns.push_back({"born", "date", 4});
  EXPECT_EQ(alter_table(users(), after, "users", user_columns()),
            (std::vector<std::string>{R"(ALTER TABLE "users" RENAME COLUMN "e-mail" TO "mail")",
                                      R"(ALTER TABLE "users" ADD COLUMN "born" TEXT)"}));
}

TEST(TableSchema, ARenamedKeyColumnIsRenamed) {
  auto after = users();
  after.key = {"user_id"};
  after.columns[0].name = "user_id";
  EXPECT_EQ(alter_table(users(), after, "users", user_columns()).size(), 1U);
  EXPECT_FALSE(needs_rebuild(users(), after));
}

TEST(TableSchema, ANameThatADroppedColumnStillHasIsFreedForANewOne) {
  auto after = users();
  after.columns[2] = {"SCORE", "real", 7};
  EXPECT_EQ(alter_table(users(), after, "users", user_columns()),
            (std::vector<std::string>{R"(ALTER TABLE "users" RENAME COLUMN "score" TO "score_dropped")",
                                      R"(ALTER TABLE "users" ADD COLUMN "SCORE" REAL)"}));
}

TEST(TableSchema, ColumnsMaySwapTheirNames) {
  auto after = users();
  std::swap(after.columns[1].name, after.columns[2].name);
  EXPECT_EQ(alter_table(users(), after, "users", user_columns()),
            (std::vector<std::string>{R"(ALTER TABLE "users" RENAME COLUMN "score" TO "score_dropped")",
                                      R"(ALTER TABLE "users" RENAME COLUMN "e-mail" TO "score")",
                                      R"(ALTER TABLE "users" RENAME COLUMN "score_dropped" TO "e-mail")"}));
}

TEST(TableSchema, ATableIsRebuiltWhereASqliteTypeOrTheKeyChangesAndOnlyThere) {
  auto after = users();
  after.columns[2].type = "double precision";
  EXPECT_FALSE(needs_rebuild(users(), after));
  after.columns[2].type = "text";
  EXPECT_TRUE(needs_rebuild(users(), after));
  EXPECT_TRUE(alter_table(users(), after, "users", user_columns()).empty())
      << "ALTER TABLE has no words for it";
  after = users();
  after.key = {"e-mail"};
  EXPECT_TRUE(needs_rebuild(users(), after));
  after = users();
  after.columns[0].type = "uuid";
  EXPECT_TRUE(needs_rebuild(users(), after));
  after = users();
  after.columns.pop_back();
  EXPECT_FALSE(needs_rebuild(users(), after)) << "a dropped column stays";
}

TEST(TableSchema, ATableThatTakesAnothersPlaceIsMatchedByName) {
  auto after = users();
  for (auto& column : after.columns) column.number += 10;
  after.columns[2].name = "points";
  const auto before = matched_by_name(users(), after);
  EXPECT_EQ(before.columns[1].number, after.columns[1].number);
  EXPECT_LT(before.columns[2].number, 0);
  EXPECT_EQ(alter_table(before, after, "users", user_columns()),
            (std::vector<std::string>{R"(ALTER TABLE "users" ADD COLUMN "points" REAL)"}));
}

TEST(StorageError, IsAboutTheRowItsNeighboursOrTheWholeFile) {
  for (const int code : {SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_NOTNULL,
                         SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_DATATYPE}) {
    EXPECT_EQ(scope_of(code), ErrorScope::Constraint) << code;
  }
  for (const int code : {SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE}) {
    EXPECT_EQ(scope_of(code), ErrorScope::Event) << code;
  }
  for (const int code :
       {SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_LOCKED, SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY,
        SQLITE_READONLY_DBMOVED, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_NOMEM, SQLITE_CANTOPEN, SQLITE_PERM,
        SQLITE_AUTH, SQLITE_ABORT, SQLITE_SCHEMA, SQLITE_MISUSE}) {
    EXPECT_EQ(scope_of(code), ErrorScope::Database) << code;
  }
}

}  // namespace
}  // namespace mailboat::consumer
