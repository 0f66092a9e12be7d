// A table that is dropped, or no longer tracked, says so in the log; the next one of its name is another
// table.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TableEnd : public Outbox {
 protected:
  TableEnd() {
    sql("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text); SELECT outbox.track('s.t')");
  }
};

TEST_F(TableEnd, IsTheLastThatTheLogSaysAboutTheTable) {
  sql("BEGIN; INSERT INTO s.t VALUES (1, 'a'); DROP TABLE s.t; COMMIT");
  EXPECT_EQ(value("SELECT string_agg(op::text, '' ORDER BY id) FROM outbox.event"), "RIR");
  EXPECT_EQ(described("s.t", "dropped"), "true");
  EXPECT_EQ(described("s.t", "load"), "false");
  EXPECT_THAT(described("s.t", "columns"), HasSubstr("\"v\"")) << "what the rows that stay look like";
  EXPECT_EQ(value("SELECT count(*) FROM outbox.tracked"), "0");
  EXPECT_EQ(value("SELECT count(*) FROM pg_proc WHERE proname ~ '^capture_\\d'"), "0");
}

TEST_F(TableEnd, ComesWithItsSchemaAndWithItsOwner) {
  const std::string owner = create_role();
  sql("CREATE TABLE u (id int PRIMARY KEY); SELECT outbox.track('u'); ALTER TABLE u OWNER TO " + owner);
  sql("DROP SCHEMA s CASCADE; DROP OWNED BY " + owner);
  EXPECT_EQ(described("s.t", "dropped"), "true");
  EXPECT_EQ(described("public.u", "dropped"), "true");
}

TEST_F(TableEnd, ComesWithTheEndOfItsCapture) {
  sql("SELECT outbox.untrack('s.t'); INSERT INTO s.t VALUES (1, 'a')");
  EXPECT_EQ(described("s.t", "dropped"), "true");
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(TableEnd, IsNotSaidOfADropThatIsRolledBack) {
  sql("BEGIN; DROP TABLE s.t; ROLLBACK; INSERT INTO s.t VALUES (1, 'a')");
  EXPECT_EQ(descriptions("s.t"), "1");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})"));
}

TEST_F(TableEnd, MakesTheNextTableOfThatNameANewOne) {
  EXPECT_EQ(described("s.t", "new"), "true") << "as the first was";
  sql("ALTER TABLE s.t ADD COLUMN n int");
  EXPECT_EQ(described("s.t", "new"), "");
  sql("DROP TABLE s.t; CREATE TABLE s.t (id int PRIMARY KEY, v text, n int); SELECT outbox.track('s.t')");
  EXPECT_EQ(described("s.t", "new"), "true");
  EXPECT_EQ(described("s.t", "load"), "true");
  sql("SELECT outbox.untrack('s.t'); SELECT outbox.track('s.t')");
  EXPECT_EQ(described("s.t", "new"), "true");
}

TEST_F(TableEnd, OfATableWhoseNameIsTakenByAnotherDoesNotMakeThatANewOne) {
  sql("CREATE TABLE s.u (id int PRIMARY KEY); SELECT outbox.track('s.u'); DROP TABLE s.t; ALTER TABLE s.u "
      "RENAME TO t;"
      "ALTER TABLE s.t ADD COLUMN n int");
  EXPECT_EQ(value("SELECT string_agg(topic || coalesce(' from ' || renamed_from, '') || CASE WHEN dropped "
                  "THEN ' dropped' "
                  "ELSE '' END, ', ' ORDER BY event_id) FROM outbox.relation WHERE event_id > 2"),
            "s.t dropped, s.t from s.u, s.t");
  EXPECT_EQ(described("s.t", "new"), "");
}

TEST_F(TableEnd, IsNoticedByTheNextTrackWhereNoEventTriggerToldOfIt) {
  sql("DROP EVENT TRIGGER outbox_drop; DROP TABLE s.t; CREATE TABLE s.t (id int PRIMARY KEY); SELECT "
      "outbox.track('s.t')");
  EXPECT_EQ(value("SELECT string_agg((description ->> 'dropped') || ' ' || topic, ',') FROM outbox.relation"),
            "true s.t");
  EXPECT_EQ(described("s.t", "new"), "true");
}

TEST_F(TableEnd, EndsTheWayOfItsName) {
  sql("SELECT outbox.subscribe('s', topics => '{s.t}'); INSERT INTO s.t VALUES (1, 'a'); DROP TABLE s.t;"
      "CREATE TABLE s.t (id int PRIMARY KEY); SELECT outbox.track('s.t'); ALTER TABLE s.t RENAME TO u");
  EXPECT_EQ(value("SELECT outbox.name_since(topic, NULL, id) FROM outbox.event WHERE op = 'I'"), "s.t")
      << "an event of the first table does not belong to the second";
  EXPECT_EQ(value("SELECT outbox.topics_now(s) FROM outbox.subscription s"), "{s.u}")
      << "a list of names takes each table that has one";
}

}  // namespace
}  // namespace mailboat::test
