// What a replay makes of a replica's rows.
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// A followed table `item`, empty when it was loaded, and topic `sign_up`, which is routed to table `users`.
class Replay : public Pipeline {
 protected:
  Replay() {
    sql("CREATE TABLE item (id int PRIMARY KEY, body text); SELECT outbox.track('item')");
    subscribe();
    sql("SELECT outbox.configure('replica', max_attempts => 1000000, retry_delay => '50 ms', retry_delay_max "
        "=> "
        "'100 ms')");
    SQLite::Database(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE users (id INTEGER PRIMARY KEY, plan TEXT, _version INTEGER NOT NULL)");
    std::ofstream(file() + ".toml") << "[[route]]\ntopic = \"sign_up\"\ntable = \"users\"\nkey = [\"id\"]\n";
    consumer_options = {"--config", file() + ".toml"};
  }
  void SetUp() override {
    start_producer();
    start_consumer();
    arrive();
  }
  void arrive() { ASSERT_EQ(value("SELECT outbox.wait_for('replica', '60 s')"), "t") << said(); }
  /// Runs a statement at the source; returns once its events are in the replica.
  void change(const std::string& statement) {
    sql(statement);
    arrive();
  }
  void in_replica(const std::string& statement) {
    SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000).exec(statement);
  }
  /// How a replay ends: `status sent applied superseded rejected`.
  std::string replay(const std::string& arguments = "") {
    const auto id =
        value("SELECT outbox.request_replay('replica'" + (arguments.empty() ? "" : ", " + arguments) + ")");
    const auto ended = "SELECT finished_at IS NOT NULL FROM outbox.operation WHERE id = " + id;
    EXPECT_TRUE(eventually([&] { return value(ended) == "t"; })) << said();
    return value(
        "SELECT concat_ws(' ', status, sent, applied, superseded, rejected) FROM outbox.operation o"
        " JOIN outbox.replay r ON r.operation = o.id WHERE o.id = " +
        id);
  }
  std::string items() {
    return replica().text(
        "SELECT coalesce(group_concat(id || '=' || body, ' '), '') FROM (SELECT * FROM item "
        "ORDER BY id)");
  }
};

TEST_F(Replay, MendsAWrongValueAndBringsALostRow) {
  change("INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  change("UPDATE item SET body = 'B' WHERE id = 2");
  in_replica("UPDATE item SET body = 'wrong' WHERE id < 3; DELETE FROM item WHERE id = 3");
  EXPECT_EQ(replay(), "completed 4 3 1 0");
  EXPECT_EQ(items(), "1=a 2=B 3=c");
}

TEST_F(Replay, OfOneKeyLeavesTheOthersAlone) {
  change("INSERT INTO item VALUES (1, 'a'), (2, 'b')");
  in_replica("UPDATE item SET body = 'wrong'");
  EXPECT_EQ(replay(R"(topic => 'public.item', key => '{"id": "2"}')"), "completed 1 1 0 0");
  EXPECT_EQ(items(), "1=wrong 2=b");
}

TEST_F(Replay, ADeletedRowStaysDeletedAndANewerOneStays) {
  change("INSERT INTO item VALUES (1, 'a'), (2, 'b')");
  change("DELETE FROM item WHERE id = 1; UPDATE item SET body = 'new' WHERE id = 2");
  EXPECT_EQ(replay(), "completed 4 1 3 0") << "the update is written once more";
  EXPECT_EQ(items(), "2=new");
  in_replica("INSERT INTO item VALUES (1, 'a', 0)");
  replay();
  EXPECT_EQ(items(), "2=new") << "a row that a lost delete has left";
}

TEST_F(Replay, WhatWasBeforeATruncateStaysAway) {
  change("INSERT INTO item VALUES (1, 'a')");
  change("TRUNCATE item");
  change("INSERT INTO item VALUES (2, 'b')");
  EXPECT_EQ(replay(), "completed 3 2 1 0");
  EXPECT_EQ(items(), "2=b");
}

TEST_F(Replay, LoadedRowsThatKnowTheEventStay) {
  change("INSERT INTO item VALUES (1, 'a'), (2, 'b')");
  change("ALTER TABLE item ADD n float8 DEFAULT random()");  // rewritten, therefore loaded again
  arrive();
  ASSERT_EQ(replica().number("SELECT count(*) FROM item WHERE _version < 0"), 2) << said();
  EXPECT_EQ(replay(), "completed 2 0 2 0");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item WHERE _version < 0 AND n IS NOT NULL"), 2);
}

TEST_F(Replay, ReadsEventsByTheTableAsItWas) {
  change("INSERT INTO item VALUES (1, 'a')");
  change("ALTER TABLE item RENAME body TO text");
  change("INSERT INTO item VALUES (2, 'b')");
  in_replica("UPDATE item SET text = 'wrong'");
  EXPECT_EQ(replay(), "completed 2 2 0 0");
  expect_equal("item");
}

TEST_F(Replay, FillsTheTableOfARoute) {
  change(R"(SELECT outbox.publish('sign_up', '{"id": 1, "plan": "free"}'))");
  change(R"(SELECT outbox.publish('sign_up', '{"id": 2, "plan": "paid"}'))");
  in_replica("DELETE FROM users");
  EXPECT_EQ(replay("topic => 'sign_up'"), "completed 2 2 0 0");
  EXPECT_EQ(replica().text("SELECT group_concat(id || plan, ' ') FROM users"), "1free 2paid");
}

TEST_F(Replay, ARefusedEventIsCountedAndBecomesNoTask) {
  change("INSERT INTO item VALUES (1, 'a'), (2, 'b')");
  in_replica(
      "DELETE FROM item; CREATE TRIGGER no BEFORE INSERT ON item WHEN NEW.id = 2"
      " BEGIN SELECT RAISE(ABORT, 'two is refused'); END");
  EXPECT_EQ(replay(), "completed 2 1 0 1");
  EXPECT_EQ(items(), "1=a");
  EXPECT_EQ(value("SELECT errors #>> '{0,error}' FROM outbox.replay"), "SQLite says: two is refused");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection"), "0");
  EXPECT_EQ(replica().number("SELECT count(*) FROM _mailboat_rejection"), 0);
}

TEST_F(Replay, OfAnEventWithATaskLeavesTheTaskToItsRetry) {
  in_replica("CREATE TRIGGER no BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no'); END");
  sql("SELECT outbox.configure('replica', retry_delay => '1 h', retry_delay_max => '1 h')");
  change("INSERT INTO item VALUES (1, 'a')");
  ASSERT_TRUE(eventually([&] { return value("SELECT count(*) FROM outbox.rejection") == "1"; })) << said();
  in_replica("DROP TRIGGER no");
  EXPECT_EQ(replay(), "completed 1 1 0 0");
  EXPECT_EQ(items(), "1=a");
  EXPECT_EQ(value("SELECT status FROM outbox.rejection"), "retrying");
  sql("SELECT outbox.retry_failed('replica', array_agg(event_id), 'me') FROM outbox.rejection");
  EXPECT_TRUE(eventually([&] { return value("SELECT status FROM outbox.rejection") == "completed"; }))
      << said();
  EXPECT_EQ(items(), "1=a");
}

}  // namespace
}  // namespace mailboat::test
