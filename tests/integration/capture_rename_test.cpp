// A table's topic is its name. Whoever has named a topic goes on with the table when it is renamed.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Rename : public Outbox {
 protected:
  Rename() {
    sql("CREATE TABLE t (id int PRIMARY KEY, v text, secret text);"
        "SELECT outbox.track('t', exclude => '{secret}')");
  }
  std::string topics_of(const std::string& subscription) {
    return std::string(
        connection
            .query("SELECT outbox.topics_now(s)::text FROM outbox.subscription s WHERE name = $1",
                   {subscription})
            .text(0, 0));
  }
  /// The topics of the events that the subscription takes, R events left out, in the order of the log.
  std::string taken(const std::string& subscription) {
    return std::string(connection
                           .query("SELECT coalesce(string_agg(replace(topic, 'public.', ''), ' ' ORDER BY "
                                  "id), '') FROM outbox.task"
                                  " WHERE subscription = $1 AND op <> 'R'",
                                  {subscription})
                           .text(0, 0));
  }
};

TEST_F(Rename, MovesTheTopicAndAsksForNoLoad) {
  sql("ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (1, 'a', 's')");
  EXPECT_EQ(described("public.u", "renamed_from"), "public.t");
  EXPECT_EQ(described("public.u", "load"), "false");
  EXPECT_EQ(described("public.u", "unlocked"), "") << "nobody else could write";
  EXPECT_EQ(value("SELECT topic FROM outbox.event WHERE op = 'I'"), "public.u");
}

TEST_F(Rename, ByAlterIndexIsFollowedToo) {
  sql("ALTER INDEX t RENAME TO u; INSERT INTO u VALUES (1, 'a', 's')");
  EXPECT_EQ(described("public.u", "renamed_from"), "public.t");
  EXPECT_EQ(value("SELECT topic FROM outbox.event WHERE op = 'I'"), "public.u");
}

TEST_F(Rename, OfTheSchemaMovesTheTopic) {
  sql("CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s");
  EXPECT_EQ(described("s.t", "renamed_from"), "public.t");
  sql("ALTER SCHEMA s RENAME TO s2; INSERT INTO s2.t VALUES (1, 'a', 's')");
  EXPECT_EQ(described("s2.t", "renamed_from"), "s.t");
  EXPECT_EQ(described("s2.t", "load"), "false");
  EXPECT_EQ(value("SELECT topic FROM outbox.event WHERE op = 'I'"), "s2.t");
}

TEST_F(Rename, OfTheSchemaSaysThatOthersCouldWriteMeanwhile) {
  sql("CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s");
  postgres::Connection writer(conninfo, "writer");
  writer.query("BEGIN; INSERT INTO s.t VALUES (1, 'a', 's')");
  sql("ALTER SCHEMA s RENAME TO s2");
  EXPECT_EQ(described("s2.t", "unlocked"), "true");
  EXPECT_EQ(writer.query("SELECT pg_current_xact_id() < late_until FROM outbox.relation WHERE topic = 's2.t'")
                .text(0, 0),
            "t");
  writer.query("COMMIT");
}

TEST_F(Rename, OfAPartitionedTableSaysThatThoseWhoNameAPartitionCouldWriteMeanwhile) {
  sql("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR "
      "VALUES FROM (0) "
      "TO (9); SELECT outbox.track('p')");
  postgres::Connection writer(conninfo, "writer");
  writer.query("INSERT INTO p1 VALUES (0)");  // the first time it looks at the parent, too
  writer.query("BEGIN; INSERT INTO p1 VALUES (1)");
  sql("ALTER TABLE p RENAME TO q");
  EXPECT_EQ(described("public.q", "unlocked"), "true");
  writer.query("COMMIT");
}

TEST_F(Rename, LetsTwoTablesSwapNames) {
  sql("CREATE TABLE u (id int PRIMARY KEY); SELECT outbox.track('u')");
  sql("BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; ALTER TABLE x RENAME TO u; COMMIT");
  sql("INSERT INTO t VALUES (1)");
  EXPECT_EQ(value("SELECT topic FROM outbox.event WHERE op = 'I'"), "public.t");
  EXPECT_EQ(value("SELECT exclude FROM outbox.tracked WHERE topic = 'public.u'"), "{secret}");
  EXPECT_EQ(value("SELECT string_agg(renamed_from || ' ' || topic, ', ' ORDER BY event_id) FROM "
                  "outbox.relation WHERE "
                  "renamed_from IS NOT NULL"),
            "public.t public.x, public.u public.t, public.x public.u");
}

TEST_F(Rename, IsFollowedByASubscriptionThatListsTheTopic) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t,app}')");
  sql("INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (2, 'b', 's')");
  EXPECT_EQ(topics_of("s"), "{app,public.u}");
  EXPECT_EQ(taken("s"), "t u");
}

TEST_F(Rename, ThatIsRolledBackIsNotFollowed) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  sql("BEGIN; ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (1, 'a', 's'); ROLLBACK; INSERT INTO t VALUES "
      "(2, 'b', "
      "'s')");
  EXPECT_EQ(topics_of("s"), "{public.t}");
  EXPECT_EQ(taken("s"), "t");
}

TEST_F(Rename, LeavesTheNameToWhoeverGetsItNext) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  sql("CREATE TABLE other (id int PRIMARY KEY); SELECT outbox.track('other'); INSERT INTO t VALUES (1, 'a', "
      "'s')");
  sql("BEGIN; ALTER TABLE t RENAME TO t_old; INSERT INTO t_old VALUES (2, 'b', 's'); ALTER TABLE other "
      "RENAME TO t;"
      "INSERT INTO t VALUES (1); COMMIT; INSERT INTO t_old VALUES (3, 'c', 's'); INSERT INTO t VALUES (2)");
  EXPECT_EQ(topics_of("s"), "{public.t_old}");
  EXPECT_EQ(taken("s"), "t t_old t_old");
}

TEST_F(Rename, IsFollowedThroughAChainAndASwap) {
  sql("CREATE TABLE u (id int PRIMARY KEY); SELECT outbox.track('u')");
  sql("SELECT outbox.subscribe('both', topics => '{public.t,public.u}'), outbox.subscribe('one', topics => "
      "'{public.t}')");
  sql("ALTER TABLE t RENAME TO a; ALTER TABLE a RENAME TO b; BEGIN; ALTER TABLE b RENAME TO x; ALTER TABLE u "
      "RENAME TO "
      "b; ALTER TABLE x RENAME TO u; COMMIT; INSERT INTO b VALUES (1); INSERT INTO u VALUES (1, 'a', 's')");
  EXPECT_EQ(topics_of("both"), "{public.b,public.u}");
  EXPECT_EQ(taken("both"), "b u");
  EXPECT_EQ(topics_of("one"), "{public.u}");
  EXPECT_EQ(taken("one"), "u");
}

TEST_F(Rename, FromBeforeTheSubscriptionBelongsToTheTableThatItNames) {
  sql("CREATE TABLE u (id int PRIMARY KEY); SELECT outbox.track('u'); INSERT INTO u VALUES (1)");
  sql("ALTER TABLE u RENAME TO gone; INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE t RENAME TO u; INSERT "
      "INTO u VALUES "
      "(2, 'b', 's')");
  sql("SELECT outbox.subscribe('s', 'earliest', '{public.u}')");
  EXPECT_EQ(taken("s"), "t u") << "and not what another table wrote under that name";
}

TEST_F(Rename, ThatWasUnderWayWhenTheSubscriptionWasMadeIsFollowed) {
  postgres::Connection renaming(conninfo, "renaming");
  renaming.query("BEGIN; ALTER TABLE t RENAME TO u");
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  renaming.query("COMMIT");
  EXPECT_EQ(topics_of("s"), "{public.u}");
}

TEST_F(Rename, DoesNotKeepProducersFromWritingProgress) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  postgres::Connection renaming(conninfo, "renaming");
  renaming.query("BEGIN; ALTER TABLE t RENAME TO u");
  sql("SET lock_timeout = '1s'; UPDATE outbox.subscription SET acked_at = now()");
  renaming.query("COMMIT");
}

TEST_F(Rename, CountsFromWhenTheTopicsWereNamedLast) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  sql("ALTER TABLE t RENAME TO u; CREATE TABLE t (id int PRIMARY KEY); SELECT outbox.track('t')");
  sql("UPDATE outbox.subscription SET topics = '{public.t}'");
  EXPECT_EQ(topics_of("s"), "{public.t}");
  sql("ALTER TABLE t RENAME TO v");
  EXPECT_EQ(topics_of("s"), "{public.v}");
}

TEST_F(Rename, IsKnownToACopyOfTheSubscription) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}')");
  sql("ALTER TABLE t RENAME TO u");
  sql("SELECT outbox.subscribe_copy('copy', 's', pg_current_snapshot(), 1)");
  EXPECT_EQ(topics_of("copy"), "{public.u}");
}

TEST_F(Rename, IsFollowedByOperationsAndByWhatIsKnownOfTheTable) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}'); SELECT outbox.request_verify('s', '{public.t}');"
      "UPDATE outbox.operation_table SET status = 'completed', finished_at = now()");
  sql("ALTER TABLE t RENAME TO u");
  EXPECT_EQ(value("SELECT topic FROM outbox.verified_table"), "public.u");
  EXPECT_THAT(refusal("SELECT outbox.request_load('s', '{public.t}')"),
              HasSubstr("public.t is not a tracked table"));
  EXPECT_EQ(value("SELECT outbox.request_load('s', '{public.u}') > 1"), "t");
  EXPECT_EQ(value("SELECT outbox.request_replay('s', topic => 'public.t') > 1"), "t")
      << "there are events under that name";
  EXPECT_EQ(value("SELECT outbox.requested_topic(1, 'public.u', pg_current_snapshot())"), "public.t");
}

TEST_F(Rename, DoesNotEndWaitForBeforeTheEventsUnderTheOldName) {
  sql("SELECT outbox.subscribe('s', topics => '{public.t}'); INSERT INTO t VALUES (1, 'a', 's'); ALTER TABLE "
      "t RENAME TO "
      "u");
  EXPECT_EQ(value("SELECT outbox.has_applied(s, pg_current_snapshot()) FROM outbox.subscription s"), "f");
  sql("UPDATE outbox.subscription SET snapshot = pg_current_snapshot()");
  EXPECT_EQ(value("SELECT outbox.has_applied(s, pg_current_snapshot()) FROM outbox.subscription s"), "t");
}

TEST_F(Rename, IsFollowedByCompensation) {
  sql("CREATE TABLE undone (topic text); CREATE FUNCTION undo_t(s text, e bigint, p json, r text) RETURNS "
      "void LANGUAGE "
      "sql SET search_path = public AS $$ INSERT INTO undone VALUES ('t') $$; CREATE FUNCTION undo_u(s text, "
      "e bigint, p "
      "json, r text) RETURNS void LANGUAGE sql SET search_path = public AS $$ INSERT INTO undone VALUES "
      "('u') $$");
  sql("CREATE TABLE u (id int PRIMARY KEY); SELECT outbox.track('u'); SELECT outbox.on_failed('public.t', "
      "'undo_t(text,bigint,json,text)'), outbox.on_failed('public.u', 'undo_u(text,bigint,json,text)')");
  sql("SELECT outbox.subscribe('s'); SELECT outbox.configure('s', max_attempts => 1); INSERT INTO t VALUES "
      "(1, 'a', 's')");
  sql("BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; ALTER TABLE x RENAME TO u; COMMIT; "
      "INSERT INTO u "
      "VALUES (2, 'b', 's'); INSERT INTO t VALUES (3)");
  sql("SELECT outbox.reject('s', array_agg(id), array_agg(txid), array_agg('no'::text)),"
      " outbox.record_retries('s', array_agg(id), array_agg('rejected'::text), array_agg('no'::text))"
      " FROM outbox.event WHERE op = 'I'");
  EXPECT_EQ(value("SELECT string_agg(topic, ' ') FROM undone"), "t t u")
      << "by the table, whatever it is called";
  sql("SELECT outbox.on_failed('public.u', NULL)");
  EXPECT_EQ(value("SELECT string_agg(function::text, ' ') FROM outbox.compensation"),
            "undo_u(text,bigint,json,text)");
}

}  // namespace
}  // namespace mailboat::test
