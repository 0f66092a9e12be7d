// Row capture runs with the settings and the search path of whoever writes; what it writes does not depend on
// them.
#include <algorithm>
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Settings : public Outbox {
 protected:
  /// Whether the capture of a table switches settings.
  bool switches_settings(const std::string& table) {
    return value(
               "SELECT p.proconfig IS NOT NULL FROM outbox.tracked t JOIN pg_proc p ON p.proname = "
               "'capture_' "
               "|| t.id WHERE t.relation = '" +
               table + "'::regclass") == "t";
  }
  void use_others() {
    sql("SET TimeZone = 'Asia/Tokyo'; SET bytea_output = 'escape'; SET IntervalStyle = 'iso_8601';"
        "SET extra_float_digits = -3; SET DateStyle = 'German, DMY'");
  }
  void reset() {
    sql("RESET TimeZone; RESET bytea_output; RESET IntervalStyle; RESET extra_float_digits; RESET DateStyle");
  }
};

TEST_F(Settings, AreSwitchedOnlyForTypesOfWhichNobodyKnowsWhatTheyDependOn) {
  sql("CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE pair AS (a int, b int);"
      "CREATE DOMAIN moment AS timestamptz; CREATE DOMAIN label AS mood");
  for (const std::string type : {"text", "timestamptz", "moment", "moment[]", "bytea[]", "numeric(10,2)",
                                 "\"char\"", "jsonb", "float8", "interval"}) {
    sql("CREATE TABLE known (id int PRIMARY KEY, v " + type + "); SELECT outbox.track('known')");
    EXPECT_FALSE(switches_settings("known")) << type;
    sql("DROP TABLE known");
  }
  for (const std::string type :
       {"mood", "label[]", "pair", "tstzrange", "money", "regclass", "xml", "point"}) {
    sql("CREATE TABLE unknown (id int PRIMARY KEY, v " + type + "); SELECT outbox.track('unknown')");
    EXPECT_TRUE(switches_settings("unknown")) << type;
    sql("DROP TABLE unknown");
  }
}

TEST_F(Settings, AreSwitchedOnceAColumnIsAddedThatNeedsIt) {
  sql("CREATE TABLE t (id int PRIMARY KEY); SELECT outbox.track('t')");
  EXPECT_FALSE(switches_settings("t"));
  sql("ALTER TABLE t ADD r tstzrange");
  EXPECT_TRUE(switches_settings("t"));
  sql("ALTER TABLE t DROP r");
  EXPECT_FALSE(switches_settings("t"));
}

TEST_F(Settings, OfTheSessionDoNotShowInAnyChange) {
  sql("CREATE DOMAIN moment AS timestamptz;"
      "CREATE TABLE t (id moment, part bytea, PRIMARY KEY (id, part), a moment[], c interval, d float8, e "
      "float4[]);"
      "SELECT outbox.track('t')");
  ASSERT_FALSE(switches_settings("t"));
  const auto change = [this] {
    sql("INSERT INTO t VALUES ('2024-01-01 00:00+00', '\\x00ff', ARRAY['2024-07-01 00:00+00'::timestamptz],"
        "  make_interval(days => 1, hours => 2), 0.1::float8 + 0.2::float8, ARRAY[0.1::float4]);"
        "UPDATE t SET c = make_interval(mins => 3); UPDATE t SET part = '\\x01fe'; DELETE FROM t;"
        "BEGIN; SET LOCAL outbox.nested = 'on'; INSERT INTO t VALUES ('2024-01-01 00:00+00', '\\x00ff', NULL,"
        "  make_interval(days => 1, hours => 2), 0.1::float8 + 0.2::float8); UPDATE t SET part = '\\x01fe';"
        "DELETE FROM t; COMMIT");
  };
  change();
  const auto expected = changes();
  ASSERT_EQ(expected.size(), 9U);
  EXPECT_THAT(
      expected[0],
      HasSubstr(R"({"id":"2024-01-01T00:00:00+00:00","part":"\\x00ff","a":["2024-07-01T00:00:00+00:00"],)"
                R"("c":"1 day 02:00:00","d":0.30000000000000004,"e":[0.1]})"));
  use_others();
  sql("TRUNCATE outbox.event");
  change();
  reset();
  auto logged = changes();
  for (auto& event : logged) event.erase(std::remove(event.begin(), event.end(), ' '), event.end());
  auto wanted = expected;
  for (auto& event : wanted) event.erase(std::remove(event.begin(), event.end(), ' '), event.end());
  EXPECT_EQ(logged, wanted);
}

TEST_F(Settings, EachForItselfDoesNotShow) {
  sql("CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b bytea, c interval, d float8); SELECT "
      "outbox.track('t')");
  for (const std::string other :
       {"TimeZone = 'Asia/Tokyo'", "bytea_output = 'escape'", "IntervalStyle = 'iso_8601'",
        "extra_float_digits = -3", "TimeZone = 'Etc/UTC'", "extra_float_digits = 3"}) {
    sql("BEGIN; SET LOCAL " + other +
        "; INSERT INTO t VALUES (1, '2024-01-01 00:00+00', '\\x00ff', make_interval(days => 1, "
        "hours => 2), 0.1::float8 + 0.2::float8); DELETE FROM t; COMMIT");
  }
  sql("DELETE FROM outbox.event WHERE op <> 'I'");
  EXPECT_THAT(changes(), Each(std::string(R"(I {"id":1,"a":"2024-01-01T00:00:00+00:00","b":"\\x00ff",)"
                                          R"("c":"1 day 02:00:00","d":0.30000000000000004})")));
}

TEST_F(Settings, DoNotShowWhereColumnsAreExcluded) {
  sql("CREATE TABLE t (id timestamptz PRIMARY KEY, secret text); SELECT outbox.track('t', exclude => "
      "'{secret}')");
  ASSERT_FALSE(switches_settings("t"));
  use_others();
  sql("INSERT INTO t VALUES ('2024-01-01 00:00+00', 'x'); UPDATE t SET secret = 'y'");
  reset();
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":"2024-01-01T00:00:00+00:00"})",
                                     R"(U {"id":"2024-01-01T00:00:00+00:00"})"));
}

TEST_F(Settings, LetNobodyRunCodeInsideCaptureByASearchPath) {
  const auto role = create_role();
  sql("CREATE TABLE t (id int PRIMARY KEY, v text, n timestamptz); SELECT outbox.track('t');"
      "CREATE TABLE k (id text PRIMARY KEY); SELECT outbox.track('k'); CREATE TABLE cause (id int);"
      "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET v = 'touched'; "
      "RETURN NULL; "
      "END $$; CREATE TRIGGER touch AFTER INSERT ON cause FOR EACH ROW EXECUTE FUNCTION touch();"
      "CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC; GRANT CREATE ON SCHEMA trap TO " +
      role + "; GRANT ALL ON t, k, cause TO " + role + "; SET ROLE " + role +
      // Operators, functions and types of the names that capture uses.
      ";CREATE FUNCTION trap.no2(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; "
      "END $$;"
      "CREATE FUNCTION trap.no2(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END "
      "$$;"
      "CREATE FUNCTION trap.row_to_json(record) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; "
      "END $$;"
      "CREATE FUNCTION trap.pg_column_size(anyelement) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE "
      "'trapped'; END $$;"
      "CREATE FUNCTION trap.pg_trigger_depth() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END "
      "$$;"
      "CREATE FUNCTION trap.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; "
      "END $$;"
      "CREATE FUNCTION trap.left(text, int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END "
      "$$;"
      "CREATE DOMAIN trap.json AS int CHECK (false); CREATE DOMAIN trap.bool AS int CHECK (false);"
      "CREATE DOMAIN trap.\"char\" AS int CHECK (false); CREATE DOMAIN trap.record AS int CHECK (false)");
  for (const std::string op : {"=", "<>", "<", "<=", ">", ">="}) {
    for (const std::string type : {"text", "int"}) {
      sql("CREATE OPERATOR trap." + op + " (LEFTARG = " + type + ", RIGHTARG = " + type +
          ", FUNCTION = trap.no2)");
    }
  }
  sql("SET search_path = trap, public, pg_catalog");
  const auto change = [this] {
    sql("INSERT INTO public.t VALUES (1, 'a', '2024-01-01 00:00+00'); UPDATE public.t SET v = 'b'; UPDATE "
        "public.t SET id = 2;"
        "INSERT INTO public.k VALUES ('a'); UPDATE public.k SET id = 'b'; DELETE FROM public.k;"
        "INSERT INTO public.cause VALUES (1); DELETE FROM public.t");
  };
  change();
  sql("SET TimeZone = 'Asia/Tokyo'");
  change();
  sql("RESET ROLE; RESET search_path; RESET TimeZone");
  const auto logged = changes();
  ASSERT_EQ(logged.size(), 20U);
  EXPECT_THAT(logged, Each(HasSubstr("{"))) << "each event has its content";
  EXPECT_THAT(std::vector(logged.begin(), logged.begin() + 2),
              ElementsAre(R"(I {"id":1,"v":"a","n":"2024-01-01T00:00:00+00:00"})",
                          R"(U {"id":1,"v":"b","n":"2024-01-01T00:00:00+00:00"})"));
}

TEST_F(Settings, DoNotMatterWhenAColumnIsRenamedAndNoEventTriggerIsThereAnyMore) {
  sql("CREATE TABLE t (id int PRIMARY KEY, v text); SELECT outbox.track('t'); DROP EVENT TRIGGER "
      "outbox_ddl_end;"
      "INSERT INTO t VALUES (1, 'a'); ALTER TABLE t RENAME id TO number; INSERT INTO t VALUES (2, 'b');"
      "UPDATE t SET v = 'c' WHERE number = 1; DELETE FROM t WHERE number = 1");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"number":2,"v":"b"})", "U", "D"));
}

}  // namespace
}  // namespace mailboat::test
