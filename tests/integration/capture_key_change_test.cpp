// A key that changes: followed to its columns' new names, or to the primary key that replaces it.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;

class KeyChange : public Outbox {
 protected:
  KeyChange() {
    sql("CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, secret text);"
        "SELECT outbox.track('t', exclude => '{secret}'); INSERT INTO t VALUES (1, 'a', 's')");
  }
  /// `["id"] false, ...`: the key and whether a load is asked for, of the descriptions after the first.
  std::string descriptions_since() {
    return value(
        "SELECT coalesce(string_agg((description ->> 'key') || ' ' || (description ->> 'load'), ', ' ORDER "
        "BY event_id), "
        "'') FROM outbox.relation WHERE event_id > 1");
  }
};

TEST_F(KeyChange, FollowsARenamedColumn) {
  sql("ALTER TABLE t RENAME id TO number; DELETE FROM t");
  EXPECT_EQ(descriptions_since(), R"(["number"] false)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"number" : 1})"));
}

TEST_F(KeyChange, ToAnotherPrimaryKeyInOneCommandIsFollowedByItself) {
  sql("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (v); UPDATE t SET v = 'b'");
  EXPECT_EQ(descriptions_since(), R"(["v"] true)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"v" : "a"})", R"(U {"id":1,"v":"b"})"));
}

TEST_F(KeyChange, ToAnotherPrimaryKeyInOneTransactionIsFollowedWhereItIsComplete) {
  sql("BEGIN; INSERT INTO t VALUES (2, 'b', 's'); ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES "
      "(3, 'c', "
      "'s'); ALTER TABLE t ADD PRIMARY KEY (v, id); DELETE FROM t WHERE id = 1; COMMIT");
  EXPECT_EQ(descriptions_since(), R"(["v", "id"] true)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(I {"id":2,"v":"b"})", "I",
                                     R"(D {"v" : "a", "id" : 1})"))
      << "without content only while there was no key";
}

TEST_F(KeyChange, ToAColumnThatIsAddedWithThePrimaryKeyIsFollowed) {
  sql("ALTER TABLE t DROP COLUMN id, ADD COLUMN n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY; DELETE FROM "
      "t");
  EXPECT_EQ(descriptions_since(), R"(["n"] true)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"n" : 1})"));
}

TEST_F(KeyChange, IsNotMadeWhileTheOldKeyStillNamesEachRow) {
  sql("ALTER TABLE t ADD UNIQUE (id); ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (v); INSERT INTO "
      "t VALUES "
      "(2, 'b', 's')");
  EXPECT_EQ(descriptions_since(), "");
}

TEST_F(KeyChange, ByTrackIsWrittenWithALoad) {
  sql("CREATE UNIQUE INDEX ON t (v); SELECT outbox.track('t', key => '{v}'); DELETE FROM t");
  EXPECT_EQ(descriptions_since(), R"(["v"] true)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"v" : "a"})"));
}

TEST_F(KeyChange, OfItsTypeAsksForALoad) {
  sql("ALTER TABLE t ALTER id TYPE text USING 'n' || id; DELETE FROM t");
  EXPECT_EQ(descriptions_since(), R"(["id"] true)");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", R"(D {"id" : "n1"})"));
}

TEST_F(KeyChange, OfItsCollationAsksForALoadBecauseLoadsGoAlongIt) {
  sql("SELECT outbox.track('t', key => '{id}'); CREATE TABLE u (k text PRIMARY KEY, v text); SELECT "
      "outbox.track('u')");
  sql("ALTER TABLE u ALTER v TYPE text COLLATE \"C\"");
  EXPECT_EQ(descriptions("public.u"), "1") << "the order of another column is nobody's business";
  sql("ALTER TABLE u ALTER k TYPE text COLLATE \"C\"");
  EXPECT_EQ(described("public.u", "load"), "true");
}

TEST_F(KeyChange, ThatTakesTheKeyAwayStopsReplicasButNotTheApplication) {
  sql("ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES (2, 'b', 'hidden')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", "I"))
      << "without content: the consumer refuses it";
  sql("ALTER TABLE t ADD PRIMARY KEY (id); INSERT INTO t VALUES (3, 'c', 'hidden')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", "I", R"(I {"id":3,"v":"c"})"));
  EXPECT_EQ(descriptions_since(), R"(["id"] true)");
}

TEST_F(KeyChange, ThatDropsAKeyColumnDoesNotBreakTheApplication) {
  sql("ALTER TABLE t DROP COLUMN id; UPDATE t SET v = 'b'; DELETE FROM t");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", "U", "D"));
}

TEST_F(KeyChange, ToAnExcludedColumnStopsReplicasButNotTheApplication) {
  sql("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (secret); INSERT INTO t VALUES (2, 'b', "
      "'hidden')");
  EXPECT_THAT(changes(), ElementsAre(R"(I {"id":1,"v":"a"})", "I"));
}

TEST_F(KeyChange, ThatDropsTheKeysIndexIsHealedByAnother) {
  sql("CREATE TABLE u (id int NOT NULL); CREATE UNIQUE INDEX u_id ON u (id); SELECT outbox.track('u', key => "
      "'{id}')");
  sql("DROP INDEX u_id; INSERT INTO u VALUES (1)");
  EXPECT_EQ(value("SELECT payload IS NULL FROM outbox.event WHERE topic = 'public.u' AND op = 'I'"), "t");
  sql("CREATE UNIQUE INDEX ON u (id); INSERT INTO u VALUES (2)");
  EXPECT_EQ(described("public.u", "load"), "true");
  EXPECT_EQ(
      value(
          "SELECT payload FROM outbox.event WHERE topic = 'public.u' AND op = 'I' ORDER BY id DESC LIMIT 1"),
      R"({"id":2})");
}

}  // namespace
}  // namespace mailboat::test
