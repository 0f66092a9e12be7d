// What a subscription receives, as PostgreSQL keeps it: what is refused, what follows when tables change.
#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class Selection : public Outbox {
 protected:
  Selection() {
    sql("CREATE TABLE users (id int PRIMARY KEY, name text, ssn text); SELECT outbox.track('users');"
        "CREATE TABLE orders (id int PRIMARY KEY, total int); SELECT outbox.track('orders');"
        "SELECT outbox.subscribe('s')");
  }
  /// Returns the tables of which the replica gets more.
  std::string configure(const std::string& arguments) {
    return value("SELECT outbox.configure_selection('s', " + arguments + ")");
  }
  std::string refused(const std::string& arguments) {
    return refusal("SELECT outbox.configure_selection('s', " + arguments + ")");
  }
  std::string topics() { return value("SELECT topics FROM outbox.subscription"); }
  std::string columns(const std::string& topic = "public.users") {
    return value("SELECT outbox.column_list(columns, '" + topic + "') FROM outbox.selection");
  }
  std::string version() { return value("SELECT version FROM outbox.selection"); }
  static std::string list(const std::string& names, const std::string& topic = "public.users") {
    return "columns => '{\"" + topic + "\": " + names + "}'";
  }
};

TEST_F(Selection, IsStoredAndCanBeLiftedAgain) {
  configure("'{public.users}', '{\"public.users\": [\"id\", \"name\"]}'");
  EXPECT_EQ(topics(), "{public.users}");
  EXPECT_EQ(columns(), "{id,name}");
  configure("'{*}'");
  EXPECT_EQ(topics(), "");
  EXPECT_EQ(columns(), "{id,name}");
  configure(list(R"(["id"])", "public.orders"));
  EXPECT_EQ(columns(), "{id,name}");
  EXPECT_EQ(columns("public.orders"), "{id}");
  configure(list("null"));
  EXPECT_EQ(columns(), "");
  EXPECT_EQ(columns("public.orders"), "{id}");
  EXPECT_EQ(version(), "4");
}

TEST_F(Selection, AListWithoutTheKeyIsRefused) {
  EXPECT_THAT(refused(list(R"(["name"])")),
              HasSubstr("key column \"id\" of table public.users is not among"));
}

TEST_F(Selection, AColumnThatThereIsNotIsRefusedAndThoseThatThereAreAreListed) {
  const auto text = refused(list(R"(["id", "nmae"])"));
  EXPECT_THAT(text, HasSubstr("table public.users has no column \"nmae\" that is captured"));
  EXPECT_THAT(text, HasSubstr("Its columns: id, name, ssn"));
  sql("SELECT outbox.track('users', exclude => '{ssn}')");
  EXPECT_THAT(refused(list(R"(["id", "ssn"])")), HasSubstr("Its columns: id, name"));
}

TEST_F(Selection, AListOfATopicThatIsNotTakenIsRefused) {
  EXPECT_THAT(refused("'{public.orders}', '{\"public.users\": [\"id\"]}'"),
              HasSubstr("subscription \"s\" does not take topic public.users"));
}

TEST_F(Selection, WhatIsNoListOfNamesIsRefused) {
  for (const auto* names : {"[]", "[1]", "[null]", "\"id\"", "{}", "true"})
    EXPECT_THAT(refused(list(names)), HasSubstr("the columns of public.users have to be a list of names"))
        << names;
  EXPECT_THAT(refused("'{}'"), HasSubstr("has to have some topic"));
  EXPECT_THAT(refusal("SELECT outbox.configure_selection('nobody')"),
              HasSubstr("there is no subscription \"nobody\""));
}

TEST_F(Selection, TellsOfWhichTablesTheReplicaGetsMore) {
  EXPECT_EQ(configure("'{public.users}'"), "{}") << "from all to some";
  EXPECT_EQ(configure("'{public.users,public.orders,app}'"), "{public.orders}");
  EXPECT_EQ(configure(list(R"(["id"])")), "{}");
  EXPECT_EQ(configure(list(R"(["id", "name"])")), "{public.users}");
  EXPECT_EQ(configure(list(R"(["id", "ssn"])")), "{public.users}") << "other columns";
  EXPECT_EQ(configure(list("null")), "{public.users}");
  EXPECT_EQ(configure("'{public.users}'"), "{}");
  EXPECT_EQ(configure("'{*}'"), "{public.orders}");
}

TEST_F(Selection, AListFollowsAColumnThatIsRenamed) {
  configure(list(R"(["id", "name"])"));
  sql("ALTER TABLE users RENAME name TO full_name");
  EXPECT_EQ(columns(), "{id,full_name}");
  EXPECT_EQ(
      value("SELECT old_name || ' ' || new_name || ' ' || (SELECT min(id) > through_id FROM outbox.event "
            "WHERE payload::text LIKE '%full_name%') FROM outbox.column_rename"),
      "name full_name true");
  const auto before = version();
  sql("ALTER TABLE users RENAME ssn TO social");
  EXPECT_EQ(columns(), "{id,full_name}");
  EXPECT_EQ(version(), before) << "nothing has changed for this subscription";
}

TEST_F(Selection, AListFollowsTheKey) {
  configure(list(R"(["id"])"));
  sql("ALTER TABLE users RENAME id TO user_id");
  EXPECT_EQ(columns(), "{user_id}");
}

TEST_F(Selection, AColumnThatComesByANameOfTheListIsNotOnIt) {
  configure(list(R"(["id", "name"])"));
  sql("ALTER TABLE users DROP name; ALTER TABLE users RENAME ssn TO name");
  EXPECT_EQ(columns(), "{id}");
  configure(list(R"(["id", "name"])"));
  sql("ALTER TABLE users RENAME name TO former; ALTER TABLE users ADD name text");
  EXPECT_EQ(columns(), "{id,former}");
}

TEST_F(Selection, OfATableThatIsMadeAnewOnlyWhatTheListNamesIsMeant) {
  configure(list(R"(["id", "name"])"));
  sql("DROP TABLE users; CREATE TABLE users (id int PRIMARY KEY, secret text); SELECT outbox.track('users')");
  EXPECT_EQ(columns(), "{id,name}") << "number 2 was called name, but in another table";
  EXPECT_EQ(value("SELECT count(*) FROM outbox.column_rename"), "0");
}

TEST_F(Selection, AListGoesWithATableThatIsRenamed) {
  const auto former = [this] {
    return value(
        "SELECT coalesce(string_agg(topic || ' ' || columns, ' ' ORDER BY topic), '') FROM "
        "outbox.former_selection");
  };
  configure(list(R"(["id", "name"])"));
  sql("ALTER TABLE users RENAME TO people");
  EXPECT_EQ(columns("public.people"), "{id,name}");
  EXPECT_EQ(columns(), "") << "whoever gets that name has no list";
  EXPECT_EQ(former(), R"(public.users ["id", "name"])") << "its earlier events are still in the log";
  EXPECT_EQ(value("SELECT through_id + 1 = (SELECT max(id) FROM outbox.event) FROM outbox.former_selection"),
            "t");
  sql("ALTER TABLE people RENAME name TO full_name");
  EXPECT_EQ(columns("public.people"), "{id,full_name}");
  configure(list(R"(["id"])", "public.people"));
  EXPECT_EQ(former(), R"(public.users ["id"])");
  configure(list("null", "public.people"));
  EXPECT_EQ(former(), "");
  EXPECT_EQ(columns("public.people"), "");
}

TEST_F(Selection, ListsOfTablesThatSwapNamesStayApart) {
  configure(list(R"(["id", "name"])"));
  sql("BEGIN; ALTER TABLE users RENAME TO x; ALTER TABLE orders RENAME TO users; ALTER TABLE x RENAME TO "
      "orders; COMMIT");
  EXPECT_EQ(columns("public.orders"), "{id,name}");
  EXPECT_EQ(columns(), "");
}

TEST_F(Selection, TopicsAreGivenByTheirPresentNames) {
  configure("'{public.users}'");
  sql("ALTER TABLE users RENAME TO people");
  EXPECT_EQ(configure(list(R"(["id"])", "public.people")), "{}");
  EXPECT_EQ(configure("'{public.people,public.orders}'"), "{public.orders}");
  EXPECT_EQ(value("SELECT outbox.topics_now(s) FROM outbox.subscription s"), "{public.people,public.orders}");
}

TEST_F(Selection, ARenameThatHasNotCommittedDoesNotHoldUpProgress) {
  configure(list(R"(["id", "name"])"));
  postgres::Connection migration(conninfo, "migration");
  migration.query("BEGIN; ALTER TABLE users RENAME name TO full_name");
  sql("SET lock_timeout = '1s'; UPDATE outbox.subscription SET acked_at = now()");
  EXPECT_EQ(columns(), "{id,name}");
  migration.query("COMMIT");
  EXPECT_EQ(columns(), "{id,full_name}");
}

TEST_F(Selection, OpenTasksOfATopicThatIsTakenOffAreDiscardedAndNotCompensated) {
  sql("INSERT INTO orders VALUES (1, 1); INSERT INTO users VALUES (1, 'a', 'b');"
      "SELECT outbox.reject('s', array_agg(id), array_agg(txid), array_agg('refused'::text)) FROM "
      "outbox.event"
      " WHERE op = 'I'");
  configure("'{public.users}'");
  EXPECT_EQ(value("SELECT string_agg(topic || ' ' || status, ', ' ORDER BY topic) FROM outbox.task"
                  " WHERE status IN ('retrying', 'discarded')"),
            "public.orders discarded, public.users retrying");
}

TEST_F(Selection, ASubscriptionForACopyReceivesWhatTheOriginalDoes) {
  configure("'{public.users}', '{\"public.users\": [\"id\"]}'");
  sql("SELECT outbox.subscribe_copy('sibling', 's', pg_current_snapshot(), 0)");
  EXPECT_EQ(value("SELECT topics::text || ' ' || columns::text FROM outbox.subscription JOIN outbox.selection"
                  " ON subscription = id WHERE name = 'sibling'"),
            "{public.users} {\"public.users\": [\"id\"]}");
}

TEST_F(Selection, GoesWithItsSubscription) {
  configure("'{public.users}'");
  sql("SELECT outbox.unsubscribe('s')");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.selection"), "0");
}

}  // namespace
}  // namespace mailboat::test
