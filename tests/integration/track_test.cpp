#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Track : public Outbox {
 protected:
  std::string refusal_of(const std::string& arguments) {
    return refusal("SELECT outbox.track(" + arguments + ")");
  }
};

TEST_F(Track, DescribesTheTable) {
  sql("CREATE DOMAIN amount AS numeric(10,2); CREATE DOMAIN price AS amount CHECK (VALUE > 0);"
      "CREATE TABLE t (a int, gone int, id bigint PRIMARY KEY, p price, l price[], v varchar(20)[], secret "
      "text);"
      "ALTER TABLE t DROP COLUMN gone");
  EXPECT_EQ(value("SELECT outbox.track('t', exclude => '{secret}')"), "public.t");
  EXPECT_EQ(
      value(
          "SELECT description::jsonb = '{\"schema\": \"public\", \"table\": \"t\", \"key\": [\"id\"], "
          "\"load\": true, \"new\": true,"
          "\"columns\": [{\"name\": \"a\", \"type\": \"integer\", \"number\": 1},"
          "{\"name\": \"id\", \"type\": \"bigint\", \"number\": 3},"
          "{\"name\": \"p\", \"type\": \"numeric(10,2)\", \"number\": 4},"
          "{\"name\": \"l\", \"type\": \"numeric(10,2)[]\", \"number\": 5},"
          "{\"name\": \"v\", \"type\": \"character varying(20)[]\", \"number\": 6}]}' FROM outbox.relation"),
      "t")
      << described("public.t", "columns");
}

TEST_F(Track, RefusesKeysThatDoNotNameEachRowOnce) {
  sql("CREATE TABLE t (a int NOT NULL, b int, c int NOT NULL); CREATE UNIQUE INDEX ON t (b);"
      "CREATE UNIQUE INDEX ON t (c) WHERE a > 0; CREATE UNIQUE INDEX ON t (a, c);"
      "CREATE TABLE d (id int PRIMARY KEY DEFERRABLE)");
  EXPECT_THAT(refusal_of("'t'"), HasSubstr("has no primary key"));
  EXPECT_THAT(refusal_of("'t', key => '{b}'"), HasSubstr("\"b\" of table public.t can be null"));
  EXPECT_THAT(refusal_of("'t', key => '{c}'"), HasSubstr("is not unique"));
  EXPECT_THAT(refusal_of("'t', key => '{nope}'"), HasSubstr("has no column \"nope\""));
  EXPECT_THAT(refusal_of("'d'"), HasSubstr("DEFERRABLE"));
  EXPECT_EQ(value("SELECT outbox.track('t', key => '{c,a}')"), "public.t");
  EXPECT_EQ(described("public.t", "key"), R"(["c", "a"])");
}

TEST_F(Track, RefusesWhatIsNotATableOfTheApplication) {
  sql("CREATE VIEW v AS SELECT 1 AS id; CREATE TEMP TABLE temporary (id int PRIMARY KEY);"
      "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)");
  EXPECT_THAT(refusal_of("'v'"), HasSubstr("not an ordinary table"));
  EXPECT_THAT(refusal_of("'temporary'"), HasSubstr("not an ordinary table"));
  EXPECT_THAT(refusal_of("'outbox.event'"), HasSubstr("mailboat itself"));
  EXPECT_THAT(refusal_of("'pg_class'"), HasSubstr("belongs to PostgreSQL"));
  EXPECT_THAT(refusal_of("'parent'"), HasSubstr("tables inherit from"));
  EXPECT_THAT(refusal_of("'child', capture => 'statement'"), HasSubstr("would miss statements"));
  EXPECT_EQ(value("SELECT outbox.track('child')"), "public.child");
}

TEST_F(Track, RefusesOptionsThatMakeNoSense) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v int)");
  EXPECT_THAT(refusal_of("'t', exclude => '{id}'"), HasSubstr("key column \"id\""));
  EXPECT_THAT(refusal_of("'t', exclude => '{nope}'"), HasSubstr("has no column \"nope\""));
  EXPECT_THAT(refusal_of("'t', capture => 'magic'"), HasSubstr("no capture mode"));
  EXPECT_EQ(value("SELECT count(*) FROM outbox.tracked"), "0");
}

TEST_F(Track, AgainKeepsTheOptionsAndLogsNothing) {
  sql("CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL UNIQUE, secret text);"
      "SELECT outbox.track('t', key => '{k}', exclude => '{secret}', capture => 'statement');"
      "SELECT outbox.track('t')");
  EXPECT_EQ(descriptions("public.t"), "1");
  EXPECT_EQ(value("SELECT concat(key, exclude, capture) FROM outbox.tracked"), "{k}{secret}statement");
}

TEST_F(Track, AgainWithOtherOptionsReplacesThemAndAsksForALoad) {
  sql("CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL UNIQUE, v text);"
      "SELECT outbox.track('t', exclude => '{v}'); INSERT INTO t VALUES (1, 10, 'x')");
  sql("SELECT outbox.track('t', key => '{k}', exclude => '{}', capture => 'statement'); DELETE FROM t");
  EXPECT_EQ(descriptions("public.t"), "2");
  EXPECT_EQ(described("public.t", "load"), "true");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"k":10})", R"(D {"k" : 10})"));
  sql("SELECT outbox.track('t', capture => 'row'); INSERT INTO t VALUES (2, 20, 'y')");
  EXPECT_EQ(changes().size(), 3U) << "one trigger, not both";
}

TEST_F(Track, AgainAfterADumpAndReloadDoesNotGuessWhatToExclude) {
  sql("CREATE TABLE t (id int PRIMARY KEY, secret text); SELECT outbox.track('t', exclude => '{secret}');"
      "UPDATE outbox.tracked SET numbers_of = 1; ALTER TABLE t RENAME secret TO password; INSERT INTO t "
      "VALUES (1, 'x')");
  EXPECT_THAT(changes(), ElementsAre("I")) << "an event without content: the consumer refuses it";
  EXPECT_THAT(refusal_of("'t'"), HasSubstr("Say again which columns to exclude"));
  sql("SELECT outbox.track('t', exclude => '{password}'); INSERT INTO t VALUES (2, 'x')");
  EXPECT_THAT(changes(), ElementsAre("I", R"(I {"id":2})"));
}

TEST_F(Track, WaitsForWritersSoThatTheLoadSeesTheirRows) {
  sql("CREATE TABLE t (id int PRIMARY KEY)");
  postgres::Connection writer(conninfo, "writer");
  writer.query("BEGIN; INSERT INTO t VALUES (1)");
  EXPECT_THAT(refusal("SET lock_timeout = '1ms'; SELECT outbox.track('t')"), HasSubstr("lock timeout"));
  writer.query("COMMIT");
  EXPECT_EQ(value("SELECT outbox.track('t')"), "public.t");
}

TEST_F(Track, UntrackEndsCaptureAndKeepsTheLog) {
  sql("CREATE TABLE t (id int PRIMARY KEY); SELECT outbox.track('t'); INSERT INTO t VALUES (1)");
  EXPECT_EQ(value("SELECT outbox.untrack('t')"), "public.t");
  sql("INSERT INTO t VALUES (2)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1})"));
  EXPECT_EQ(value("SELECT count(*) FROM pg_proc WHERE proname ~ '^capture_\\d'"), "0");
  EXPECT_THAT(refusal("SELECT outbox.untrack('t')"), HasSubstr("is not tracked"));
  sql("SELECT outbox.track('t')");
  EXPECT_EQ(described("public.t", "load"), "true") << "changes were missed meanwhile";
}

}  // namespace
}  // namespace mailboat::test
