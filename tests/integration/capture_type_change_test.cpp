// Types that change under a table, and changes that leave its rows as they read.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class TypeChange : public Outbox {
 protected:
  TypeChange() {
    sql("CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE TYPE place AS (street text, town text, m mood);"
        "CREATE DOMAIN home AS place; CREATE TABLE t (id int PRIMARY KEY, m mood[], p home, n int); SELECT "
        "outbox.track('t')");
  }
  /// How many descriptions the statements have added, and whether the last one asks for a load: `1 true`.
  std::string after(const std::string& statements) {
    const auto before = std::stoi(descriptions("public.t"));
    sql(statements);
    const auto added = std::stoi(descriptions("public.t")) - before;
    return std::to_string(added) + (added > 0 ? " " + described("public.t", "load") : "");
  }
};

TEST_F(TypeChange, OfAnEnumsLabelAsksForALoadAndANewLabelForNothing) {
  EXPECT_EQ(after("ALTER TYPE mood ADD VALUE 'glad'"), "0");
  EXPECT_EQ(after("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'"), "1 true");
  EXPECT_EQ(after("ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'"), "1 true")
      << "also of one that came later";
}

TEST_F(TypeChange, OfACompositesAttributesAsksForALoad) {
  EXPECT_EQ(after("ALTER TYPE place RENAME ATTRIBUTE town TO city"), "1 true");
  EXPECT_EQ(after("ALTER TYPE place ADD ATTRIBUTE code text"), "1 true");
  EXPECT_EQ(after("ALTER TYPE place DROP ATTRIBUTE street"), "1 true");
}

TEST_F(TypeChange, OfATableWhoseRowsAreValuesAsksForALoad) {
  sql("CREATE TABLE inner_rows (a int); CREATE TABLE u (id int PRIMARY KEY, r inner_rows); SELECT "
      "outbox.track('u')");
  sql("ALTER TABLE inner_rows RENAME a TO b");
  EXPECT_EQ(described("public.u", "load"), "true");
}

TEST_F(TypeChange, OfARangesPartsAsksForALoad) {
  sql("CREATE TYPE moods AS RANGE (subtype = mood); CREATE TABLE u (id int PRIMARY KEY, r moods[]); SELECT "
      "outbox.track('u'); ALTER TYPE mood RENAME VALUE 'sad' TO 'low'");
  EXPECT_EQ(described("public.u", "load"), "true");
}

TEST_F(TypeChange, OfATypesNameIsDescribedAndAsksForNothing) {
  EXPECT_EQ(after("ALTER TYPE mood RENAME TO feeling"), "1 false");
  EXPECT_THAT(described("public.t", "columns"), HasSubstr("public.feeling[]"));
  EXPECT_EQ(after("CREATE SCHEMA s; ALTER TYPE feeling SET SCHEMA s"), "1 false");
  EXPECT_EQ(after("ALTER SCHEMA s RENAME TO s2"), "1 false");
  EXPECT_THAT(described("public.t", "columns"), HasSubstr("s2.feeling[]"));
}

TEST_F(TypeChange, OfADomainDoesNotMatter) {
  EXPECT_EQ(after("ALTER DOMAIN home SET DEFAULT NULL; ALTER DOMAIN home ADD CHECK (VALUE IS NULL OR true);"
                  "ALTER DOMAIN home RENAME TO abode"),
            "0");
}

TEST_F(TypeChange, OfWhatIsExcludedDoesNotMatter) {
  sql("SELECT outbox.track('t', exclude => '{m,p}')");
  EXPECT_EQ(after("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'"), "0");
}

TEST_F(TypeChange, SaysThatOthersCouldWriteMeanwhile) {
  EXPECT_EQ(after("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'"), "1 true");
  EXPECT_EQ(described("public.t", "unlocked"), "true");
  sql("BEGIN; LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE; ALTER TYPE mood RENAME VALUE 'low' TO 'sad'; COMMIT");
  EXPECT_EQ(described("public.t", "unlocked"), "") << "unless the table was locked";
}

TEST_F(TypeChange, DoesNotWaitForWritersNorMakeThemWait) {
  postgres::Connection writer(conninfo, "writer");
  writer.query("SET lock_timeout = '1s'; BEGIN; INSERT INTO t VALUES (1, '{sad}')");
  sql("SET lock_timeout = '1s'; BEGIN; ALTER TYPE mood RENAME VALUE 'sad' TO 'low'");
  writer.query("INSERT INTO t VALUES (2); COMMIT");
  sql("COMMIT");
  EXPECT_EQ(described("public.t", "load"), "true");
}

TEST_F(TypeChange, OfAColumnWithAUsingClauseAsksForALoad) {
  EXPECT_EQ(after("ALTER TABLE t ALTER n TYPE int USING n * 2"), "1 true");
  EXPECT_EQ(after("ALTER TABLE t ALTER n TYPE text USING n::text"), "1 true");
}

TEST_F(TypeChange, OfHowAColumnGetsItsValuesAsksForNothing) {
  EXPECT_EQ(after("ALTER TABLE t ALTER n SET DEFAULT 7; ALTER TABLE t ALTER n DROP DEFAULT; ALTER TABLE t "
                  "ALTER n SET NOT NULL; ALTER TABLE t "
                  "ALTER n ADD "
                  "GENERATED ALWAYS AS IDENTITY; ALTER TABLE t ALTER n DROP IDENTITY"),
            "0");
  EXPECT_EQ(after("ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (id * 2) STORED"), "1 true");
  EXPECT_EQ(after("ALTER TABLE t ALTER g DROP EXPRESSION"), "0");
}

TEST_F(TypeChange, ByTheFunctionThatAColumnIsComputedWithIsFollowed) {
  sql("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'; ALTER TABLE t ADD "
      "COLUMN g int "
      "GENERATED ALWAYS AS (twice(id)) STORED");
  EXPECT_EQ(after("DROP FUNCTION twice CASCADE; INSERT INTO t (id) VALUES (1)"), "1 false");
  EXPECT_EQ(value("SELECT payload FROM outbox.event WHERE op = 'I'"),
            R"({"id":1,"m":null,"p":null,"n":null})");
}

}  // namespace
}  // namespace mailboat::test
