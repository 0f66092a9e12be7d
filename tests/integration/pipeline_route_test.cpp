// docs/routes.md: what an application publishes, in the operator's own table.
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;
using Row = SqliteReader::Row;
using Rows = std::vector<Row>;

class Routes : public Pipeline {
 protected:
  Routes() { subscribe(); }

  void by_hand(const std::string& statements) {
    SQLite::Database database(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(statements);
  }

  void route(const std::string& route) {
    const auto path = file() + ".toml";
    std::ofstream(path) << "[[route]]\ntopic = \"sign_up\"\ntable = \"users\"\n" << route;
    consumer_options = {"--config", path};
  }

  void publish(const std::string& payload, const std::string& op = "U") {
    connection.query("SELECT outbox.publish('sign_up', $1, $2)", {payload, op});
  }

  Rows users(const std::string& columns) {
    return replica().rows("SELECT " + columns + " FROM users ORDER BY id");
  }
};

const std::string create_users =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, plan TEXT, note TEXT DEFAULT 'none', _version INTEGER NOT "
    "NULL);";
const std::string columns = "key = [\"id\"]\n[route.columns]\nid = \":user_id\"\nplan = \":plan\"\n";

TEST_F(Routes, WriteTheRowOfTheKeyAndDeleteItAgain) {
  by_hand(create_users + "INSERT INTO users VALUES (1, 'old', 'kept', 0), (2, 'old', 'untouched', 0)");
  route(columns);
  publish(R"({"user_id": 1, "plan": "free", "not routed": true})");
  publish(R"({"user_id": 3, "plan": "free"})");
  publish(R"({"user_id": 4, "plan": "free"})");
  publish(R"({"user_id": 5, "plan": "free"})");
  publish(R"({"user_id": 3, "plan": "paid"})");
  publish(R"({"user_id": 4})");
  publish(R"({"user_id": 5})", "D");
  publish(R"({"user_id": 6})", "D");
  start_producer();
  catch_up();
  EXPECT_EQ(users("id, plan, note"), (Rows{{"1", "free", "kept"},
                                           {"2", "old", "untouched"},
                                           {"3", "paid", "none"},
                                           {"4", std::nullopt, "none"}}));
}

TEST_F(Routes, FillEachColumnFromTheFieldOfItsNameWhenTheyListNone) {
  by_hand(
      "CREATE TABLE users (id, a, b, sum AS (a + b), _version INTEGER NOT NULL); CREATE UNIQUE INDEX "
      "users_id ON "
      "users (id)");
  route("key = [\"id\"]\n");
  publish(R"({"id": "one", "a": 1, "b": 2, "c": 3, "sum": 9, "_version": 9})");
  start_producer();
  catch_up();
  EXPECT_EQ(users("id, a, b, sum"), (Rows{{"one", "1", "2", "3"}}));
}

TEST_F(Routes, KeepWhatEachValueIs) {
  by_hand("CREATE TABLE users (id INTEGER PRIMARY KEY, value, _version INTEGER NOT NULL)");
  route("key = [\"id\"]\n");
  const std::vector<std::pair<std::string, Row>> values{
      {"9223372036854775807", {"9223372036854775807", "integer"}},
      {"0.1", {"0.1", "real"}},
      {"12345678901234567890.5", {"12345678901234567890.5", "text"}},
      {"true", {"1", "integer"}},
      {"\"täxt\"", {"täxt", "text"}},
      {"{\"a\": [1, 2.50]}", {"{\"a\": [1, 2.50]}", "text"}},
      {"null", {std::nullopt, "null"}}};
  Rows expected;
  for (const auto& [json, row] : values) {
    publish("{\"id\": " + std::to_string(expected.size()) + ", \"value\": " + json + "}");
    expected.push_back(row);
  }
  start_producer();
  catch_up();
  EXPECT_EQ(users("value, typeof(value)"), expected);
}

TEST_F(Routes, BecomeVisibleTogetherWithTheTablesOfTheirTransaction) {
  sql("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item')");
  by_hand(create_users);
  route(columns);
  start_producer();
  catch_up();
  sql("BEGIN; INSERT INTO item VALUES (7); SELECT outbox.publish('sign_up', '{\"user_id\": 7, \"plan\": "
      "\"free\"}'); "
      "COMMIT");
  catch_up();
  EXPECT_EQ(
      replica().number("SELECT max(abs(users._version - item._version)) FROM users JOIN item USING (id)"), 1);
}

TEST_F(Routes, HaveInANewFileWhatWasPublishedSinceTheLastAcknowledgement) {
  sql("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item'); INSERT INTO item VALUES (1)");
  by_hand(create_users);
  route(columns);
  publish(R"({"user_id": 1, "plan": "acknowledged"})");
  start_producer();
  catch_up();
  const auto* acknowledged =
      "SELECT pg_visible_in_snapshot(e.txid, s.snapshot) FROM outbox.event e, outbox.subscription s"
      " WHERE e.topic = 'sign_up'";
  ASSERT_TRUE(eventually([&] { return value(acknowledged) == "t"; })) << said();
  for (const auto* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file() + suffix);
  sql("INSERT INTO item VALUES (2)");
  publish(R"({"user_id": 2, "plan": "not yet"})");
  by_hand(create_users);
  catch_up();
  EXPECT_EQ(users("id, plan"), (Rows{{"2", "not yet"}}));
  expect_equal("item");
}

TEST_F(Routes, OfAHistoryTellWhenEachEventWasCaptured) {
  sql("CREATE TABLE item (id int PRIMARY KEY, v text); SELECT outbox.track('item')");
  const auto path = file() + ".toml";
  std::ofstream(path) << "[[route]]\ntopic = '*'\nmode = 'append'\ntable = 'history'\ncreate = true\n";
  consumer_options = {"--config", path};
  start_producer();
  catch_up();
  sql("INSERT INTO item VALUES (1, 'a')");
  sql("UPDATE item SET v = 'b'; DELETE FROM item");
  publish(R"({"user_id": 1})");
  catch_up();
  const auto log = sql(
      "SELECT id::text, op, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), payload::text"
      " FROM outbox.event WHERE op <> 'R' ORDER BY id");
  Rows expected;
  for (int row = 0; row < log.size(); ++row) {
    std::string time(log.text(row, 2));
    time.erase(time.find_last_not_of('0') + 1);
    if (time.ends_with('.')) time.pop_back();
    expected.push_back({std::string(log.text(row, 0)), std::string(log.text(row, 1)), time + "Z",
                        std::string(log.text(row, 3))});
  }
  ASSERT_EQ(expected.size(), 4U);
  EXPECT_EQ(replica().rows("SELECT _event_id, _op, _time, payload FROM history ORDER BY _event_id"),
            expected);
}

TEST_F(Routes, ThatDoNotFitTheirTableEndTheConsumerWithTheRemedy) {
  by_hand("CREATE TABLE users (id INTEGER PRIMARY KEY, plan TEXT)");
  route(columns);
  start_producer();
  consumer = std::make_unique<Process>(consumer_command());
  EXPECT_EQ(consumer->wait(seconds(30)), 2);
  const std::string remedy = R"(ALTER TABLE "users" ADD COLUMN _version INTEGER NOT NULL DEFAULT 0)";
  EXPECT_NE(consumer->errors().find(remedy), std::string::npos) << consumer->errors();

  by_hand(remedy);
  publish(R"({"user_id": 1, "plan": "free"})");
  catch_up();
  EXPECT_EQ(users("plan"), (Rows{{"free"}}));
}

}  // namespace
}  // namespace mailboat::test
