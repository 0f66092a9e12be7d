#include <gmock/gmock.h>

#include "migrations/migrator.hpp"
#include "tests/integration/outbox_fixture.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An application that owns nothing of the outbox and may write two tracked tables.
class Application : public Outbox {
 protected:
  Application() : role(create_role()) {
    sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE s (id int PRIMARY KEY, v text);"
        "SELECT outbox.track('t'); SELECT outbox.track('s', capture => 'statement');"
        "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t, s TO " +
        role + "; GRANT CREATE ON SCHEMA public TO " + role);
  }
  void become_application() { sql("SET ROLE " + role); }

  std::string role;
};

TEST_F(Application, WritesTrackedTablesWithoutAnyRightOnTheLog) {
  become_application();
  for (const std::string table : {"t", "s"}) {
    sql("INSERT INTO " + table + " VALUES (1, 'a'); UPDATE " + table + " SET id = 2; DELETE FROM " + table +
        "; TRUNCATE " + table);
  }
  EXPECT_THAT(refusal("SELECT * FROM outbox.event"), HasSubstr("permission denied"));
  EXPECT_THAT(refusal("SELECT outbox.track('t')"), HasSubstr("permission denied"));
  sql("RESET ROLE");
  EXPECT_EQ(changes().size(), 10U);
}

TEST_F(Application, MayPublishEventsOfItsOwnButNotForgeThoseOfATable) {
  become_application();
  sql("SELECT outbox.publish('create_user_analytics', '{\"id\": 1}')");
  sql("SELECT outbox.publish('create_user_analytics', '{\"id\": 1}', 'D')");
  EXPECT_THAT(refusal("SELECT outbox.publish('public.t', '{\"id\": 1}')"),
              HasSubstr("belongs to a tracked table"));
  EXPECT_THAT(refusal("SELECT outbox.publish('x', '{}', 'T')"), HasSubstr("cannot have op"));
  EXPECT_THAT(refusal("SELECT outbox.publish('x', NULL)"), HasSubstr("needs a topic and a payload"));
  sql("CREATE TABLE mine (id int, v text)");
  EXPECT_THAT(
      refusal("CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION outbox.capture_1()"),
      HasSubstr("permission denied"));
  sql("RESET ROLE");
  EXPECT_THAT(changes(), ElementsAre(R"(U {"id": 1})", R"(D {"id": 1})"));
}

TEST_F(Application, CannotRunItsCodeInsideCapture) {
  become_application();
  sql("CREATE FUNCTION public.row_to_json(record) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;"
      "CREATE FUNCTION public.pg_trigger_depth() RETURNS int LANGUAGE sql AS 'SELECT 1/0';"
      "SET search_path = public, pg_catalog; CREATE TEMP TABLE event (id int)");
  sql("INSERT INTO t VALUES (1, 'a'); INSERT INTO s VALUES (1, 'a'); RESET ROLE");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":1,"v":"a"})"));
}

TEST_F(Application, GainsNothingFromACastToJsonOfItsOwn) {
  become_application();
  sql("CREATE TYPE shape AS ENUM ('round');"
      "CREATE FUNCTION whoami(shape) RETURNS json LANGUAGE sql AS $$ SELECT to_json(current_user::text) $$;"
      "CREATE CAST (shape AS json) WITH FUNCTION whoami(shape); CREATE TABLE mine (id int PRIMARY KEY, v "
      "shape);"
      "GRANT EXECUTE ON FUNCTION whoami TO PUBLIC; RESET ROLE");
  sql("SELECT outbox.track('mine'); INSERT INTO mine VALUES (1, 'round')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"outbox_capture"})"));
}

TEST_F(Application, IsCapturedUnderRowLevelSecurity) {
  sql("ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE s ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY own ON t TO " +
      role + " USING (true); CREATE POLICY own ON s TO " + role + " USING (true)");
  become_application();
  for (const std::string table : {"t", "s"}) {
    sql("BEGIN; SELECT set_config('outbox.nested', 'on', true); INSERT INTO " + table +
        " VALUES (1, 'a');"
        "UPDATE " +
        table + " SET v = 'b'; COMMIT");
  }
  sql("RESET ROLE");
  expect_log_makes_table("t");
  expect_log_makes_table("s");
}

TEST_F(Application, ProducerRoleReadsTheLogAndTrackedColumnsOnly) {
  sql("CREATE SCHEMA inner_part; CREATE TABLE inner_part.u (id int PRIMARY KEY, v text, secret text);"
      "SELECT outbox.track('inner_part.u', exclude => '{secret}')");
  const std::string producer = create_role("IN ROLE outbox_producer");
  sql("SET ROLE " + producer);
  sql("SELECT * FROM outbox.event; SELECT * FROM outbox.subscription; SELECT * FROM outbox.tracked;"
      "SELECT * FROM outbox.relation; SELECT * FROM outbox.migration; SELECT id, v FROM inner_part.u");
  sql("UPDATE outbox.subscription SET acked_event_id = 1, snapshot = '1:1:', load = NULL, consumer_seen_at = "
      "now()");
  migrations::require_current_schema(connection);
  EXPECT_THAT(refusal("SELECT secret FROM inner_part.u"), HasSubstr("permission denied"));
  EXPECT_THAT(refusal("UPDATE outbox.subscription SET topics = NULL"), HasSubstr("permission denied"));
  EXPECT_THAT(refusal("DELETE FROM outbox.event"), HasSubstr("permission denied"));
  sql("RESET ROLE; SELECT outbox.untrack('inner_part.u'); SET ROLE " + producer);
  EXPECT_THAT(refusal("SELECT id FROM inner_part.u"), HasSubstr("permission denied"));
}

TEST(WithoutSuperuser, EverythingButSchemaChangesWorksAndTheApplicationNeverFails) {
  const std::string conninfo = shared_cluster().create_database();
  postgres::Connection admin(conninfo, "capture_test");
  const std::string name(admin.query("SELECT current_database()").text(0, 0));
  admin.query("CREATE ROLE owner_" + name + " LOGIN; GRANT CREATE ON DATABASE " + name + " TO owner_" + name +
              "; GRANT CREATE ON SCHEMA public TO owner_" + name);
  postgres::Connection owner(conninfo + " user=owner_" + name, "capture_test");
  migrations::migrate(owner);
  owner.query(
      "CREATE TABLE t (id int PRIMARY KEY, v text, secret text); SELECT outbox.track('t', exclude => "
      "'{secret}')");
  owner.query(
      "INSERT INTO t VALUES (1, 'a', 'hidden'); ALTER TABLE t RENAME v TO w;"
      "INSERT INTO t VALUES (2, 'b', 'hidden'); UPDATE t SET w = 'c'; ALTER TABLE t RENAME secret TO "
      "password;"
      "ALTER TABLE t RENAME id TO number; DELETE FROM t WHERE number = 1; TRUNCATE t");
  const auto log = owner.query(
      "SELECT string_agg(op::text || coalesce(payload::text, ''), ' ' ORDER BY id) FROM outbox.event "
      "WHERE op <> 'R'");
  EXPECT_EQ(log.text(0, 0), R"(I{"id":1,"v":"a"} I U U D T)");
  owner.query("SELECT outbox.track('t'); INSERT INTO t VALUES (3, 'c', 'hidden')");
  const auto healed = owner.query("SELECT payload FROM outbox.event ORDER BY id DESC LIMIT 1");
  EXPECT_EQ(healed.text(0, 0), R"({"number":3,"w":"c"})");
}

}  // namespace
}  // namespace mailboat::test
