#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

/// What somebody did to the SQLite table by hand, and how it is undone.
struct Mishap {
  std::string name;
  std::string damage;
  std::string repair;
  std::string reason;  ///< what SQLite will say
};

// Found by GoogleTest, which would print bytes otherwise.
void PrintTo(const Mishap& mishap, std::ostream* out) { *out << mishap.name; }

const std::vector<Mishap> mishaps = {
    {"UniqueIndex", "CREATE UNIQUE INDEX by_hand ON item (note)", "DROP INDEX by_hand",
     "UNIQUE constraint failed: item.note"},
    {"CheckConstraint",
     "ALTER TABLE item RENAME TO old; CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT CHECK "
     "(id < 2),"
     " _version INTEGER NOT NULL); INSERT INTO item SELECT * FROM old; DROP TABLE old",
     "ALTER TABLE item RENAME TO old; CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT,"
     " _version INTEGER NOT NULL); INSERT INTO item SELECT * FROM old; DROP TABLE old",
     "CHECK constraint failed"},
    {"MissingColumn", "ALTER TABLE item DROP COLUMN note", "ALTER TABLE item ADD COLUMN note TEXT",
     "no column named note"},
    {"MissingTable", "DROP TABLE item",
     "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT, _version INTEGER NOT NULL)",
     "no such table: item"},
};

/// A table and another that nothing happens to; retries come quickly.
class Rejection : public ::testing::Test {
 protected:
  Rejection() {
    pipeline_.sql(
        "CREATE TABLE item (id int PRIMARY KEY, note text); CREATE TABLE witness (id int PRIMARY KEY);"
        "SELECT outbox.track('item'); SELECT outbox.track('witness'); SELECT outbox.subscribe('replica');"
        "SELECT outbox.configure('replica', retry_delay => '100 ms', retry_delay_max => '200 ms')");
    pipeline_.start_producer();
  }

  void follow(const Pipeline::Arguments& arguments = {}) {
    pipeline_.start_consumer(arguments);
    ASSERT_TRUE(eventually([&] { return !pipeline_.cursor().empty(); })) << said();
    ASSERT_EQ(pipeline_.lasting_difference("item", "id, note"), "");
  }

  void follow_again() { pipeline_.start_consumer(); }

  void by_hand(const std::string& statements) {
    SQLite::Database database(pipeline_.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                              10'000);
    database.exec(statements);
  }

  /// `retrying 2`: how many tasks have which status.
  std::string tasks() {
    return pipeline_.value(
        "SELECT coalesce(string_agg(status || ' ' || n, ', ' ORDER BY status), '') FROM"
        " (SELECT status, count(*) AS n FROM outbox.rejection GROUP BY status) s");
  }
  void expect_tasks(const std::string& expected) {
    std::string found;
    EXPECT_TRUE(eventually([&] { return (found = tasks()) == expected; })) << found << '\n' << said();
  }
  /// Nothing is left that PostgreSQL does not know of.
  void expect_all_confirmed() {
    EXPECT_TRUE(eventually([&] {
      return pipeline_.replica().number("SELECT count(*) FROM _mailboat_rejection") == 0;
    })) << said();
  }
  void expect_live() {
    pipeline_.sql("INSERT INTO witness SELECT coalesce(max(id), 0) + 1 FROM witness");
    EXPECT_EQ(pipeline_.lasting_difference("witness", "id"), "") << said();
  }
  Finished mailboat(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {program("mailboat"), "--postgres", pipeline_.conninfo()});
    return run(std::move(arguments));
  }
  std::string said() {
    return "consumer: " + pipeline_.consumer().errors() + "\nproducer: " + pipeline_.producer().errors();
  }
  std::string config(const std::string& text) {
    auto path = pipeline_.file().string() + ".toml";
    std::ofstream(path) << text;
    return path;
  }

  Pipeline pipeline_;
};

class RejectedChange : public Rejection, public ::testing::WithParamInterface<Mishap> {};

TEST_P(RejectedChange, IsATaskWhileAllElseGoesOnAndIsAppliedOnceTheTableIsMended) {
  const auto& mishap = GetParam();
  follow();
  by_hand(mishap.damage);
  pipeline_.sql("INSERT INTO item VALUES (1, 'same'), (2, 'same')");
  const bool first_row_is_fine = mishap.name == "UniqueIndex" || mishap.name == "CheckConstraint";
  expect_tasks(first_row_is_fine ? "failed 1" : "failed 2");
  expect_live();
  EXPECT_NE(pipeline_.value("SELECT last_error FROM outbox.rejection LIMIT 1").find(mishap.reason),
            std::string::npos);
  EXPECT_EQ(pipeline_.value("SELECT min(retry_count) FROM outbox.rejection"), "5");
  EXPECT_NE(mailboat({"failed", "list", "replica"}).output.find(mishap.reason), std::string::npos);
  EXPECT_NE(mailboat({"status"}).output.find("failed"), std::string::npos);

  by_hand(mishap.repair);
  EXPECT_EQ(mailboat({"failed", "retry", "replica", "--all"}).exit_code, 0);
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << said();
  expect_tasks(first_row_is_fine ? "completed 1" : "completed 2");
  expect_all_confirmed();
}

INSTANTIATE_TEST_SUITE_P(AfterDamageByHand, RejectedChange, ::testing::ValuesIn(mishaps),
                         [](const auto& test) { return test.param.name; });

TEST_F(Rejection, ThatALaterChangeOvertakesEndsAsSuperseded) {
  pipeline_.sql("SELECT outbox.configure('replica', retry_delay => '1 s', retry_delay_max => '1 s')");
  follow();
  by_hand(
      "CREATE TRIGGER by_hand BEFORE INSERT ON item WHEN NEW.note = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); "
      "END");
  pipeline_.sql("INSERT INTO item VALUES (1, 'bad'), (2, 'bad')");
  expect_tasks("retrying 2");
  pipeline_.sql("UPDATE item SET note = 'good' WHERE id = 1; DELETE FROM item WHERE id = 2");
  expect_tasks("completed 2");
  EXPECT_EQ(pipeline_.value("SELECT bool_and(superseded) FROM outbox.rejection"), "t");
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "");
}

TEST_F(Rejection, OfAnEventWithoutARouteIsAppliedOnceThereIsOne) {
  follow();
  pipeline_.sql("SELECT outbox.publish('create_user_analytics', '{\"user_id\": 7, \"plan\": \"free\"}')");
  expect_tasks("failed 1");
  EXPECT_NE(pipeline_.value("SELECT last_error FROM outbox.rejection").find("[[route]]"), std::string::npos);
  expect_live();

  by_hand("CREATE TABLE user_analytics (user_id INTEGER PRIMARY KEY, plan TEXT, _version INTEGER NOT NULL)");
  follow({"--config", config("[[route]]\ntopic = \"create_user_analytics\"\ntable = \"user_analytics\"\n"
                             "key = [\"user_id\"]\n")});
  EXPECT_EQ(mailboat({"failed", "retry", "replica", "--topic", "create_user_analytics"}).exit_code, 0);
  expect_tasks("completed 1");
  EXPECT_EQ(pipeline_.replica().text("SELECT user_id || plan FROM user_analytics"), "7free");
}

TEST_F(Rejection, ThatNeverSucceedsIsUndoneAtTheSourceOnce) {
  pipeline_.sql(
      "CREATE TABLE registration (id int PRIMARY KEY); CREATE TABLE undone (id int, error text);"
      "CREATE FUNCTION undo(subscription text, event_id bigint, payload json, error text) RETURNS void "
      "LANGUAGE sql"
      " SECURITY DEFINER SET search_path = public, pg_temp AS $$"
      "  DELETE FROM registration WHERE id = (payload ->> 'user_id')::int;"
      "  INSERT INTO undone VALUES ((payload ->> 'user_id')::int, error) $$;"
      "SELECT outbox.on_failed('create_user_analytics', 'undo(text, bigint, json, text)')");
  by_hand(
      "CREATE TABLE user_analytics (user_id INTEGER PRIMARY KEY CHECK (user_id <> 13), _version INTEGER NOT "
      "NULL)");
  follow({"--config", config("[[route]]\ntopic = \"create_user_analytics\"\ntable = \"user_analytics\"\n"
                             "key = [\"user_id\"]\n")});
  pipeline_.sql(
      "INSERT INTO registration VALUES (12), (13);"
      "SELECT outbox.publish('create_user_analytics', json_build_object('user_id', id)) FROM registration");
  expect_tasks("failed 1");
  EXPECT_EQ(pipeline_.value("SELECT string_agg(id::text, ' ') FROM registration"), "12");
  EXPECT_EQ(pipeline_.value("SELECT count(*) || ' ' || max(error) FROM undone"),
            "1 SQLite says: CHECK constraint failed: user_id <> 13");
  EXPECT_EQ(pipeline_.replica().text("SELECT group_concat(user_id) FROM user_analytics"), "12");
}

TEST_F(Rejection, ThatARetryHasSettledComesOnceMoreToAnOlderCopyOfTheFile) {
  const auto stop = [this] {
    pipeline_.consumer().kill(SIGTERM);
    ASSERT_EQ(pipeline_.consumer().wait(seconds(30)), 0) << said();
  };
  const auto copy = pipeline_.file().string() + ".copy";
  follow();
  by_hand("CREATE TRIGGER by_hand BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no'); END");
  pipeline_.sql("INSERT INTO item VALUES (1, 'retried')");
  expect_tasks("failed 1");
  expect_live();
  stop();
  std::filesystem::copy_file(pipeline_.file(), copy);

  by_hand("DROP TRIGGER by_hand");
  follow_again();
  EXPECT_EQ(mailboat({"failed", "retry", "replica", "--all"}).exit_code, 0);
  expect_tasks("completed 1");
  stop();

  std::filesystem::rename(copy, pipeline_.file());
  by_hand("DROP TRIGGER by_hand");
  follow_again();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << said();
  expect_tasks("completed 1");
  EXPECT_EQ(pipeline_.value("SELECT count(*) FROM outbox.rejection_history WHERE detail LIKE '%older%'"),
            "1");
  stop();
  follow_again();
  expect_live();
  EXPECT_EQ(tasks(), "completed 1") << "the same file is not older than itself";
}

TEST_F(Rejection, ThatAnotherFileHasSettledComesOnceMoreToTheOneBeforeIt) {
  const auto copy = pipeline_.file().string() + ".copy";
  follow();
  by_hand("CREATE TRIGGER by_hand BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no'); END");
  pipeline_.sql("INSERT INTO item VALUES (1, 'loaded')");
  expect_tasks("failed 1");
  expect_live();
  pipeline_.consumer().kill(SIGTERM);
  ASSERT_EQ(pipeline_.consumer().wait(seconds(30)), 0) << said();
  std::filesystem::rename(pipeline_.file(), copy);

  follow();  // a new file, with the row in it
  EXPECT_EQ(mailboat({"failed", "retry", "replica", "--all"}).exit_code, 0);
  expect_tasks("completed 1");
  pipeline_.kill_consumer();
  for (const std::string suffix : {"-wal", "-shm"})
    std::filesystem::remove(pipeline_.file().string() + suffix);

  std::filesystem::rename(copy, pipeline_.file());
  by_hand("DROP TRIGGER by_hand");
  follow_again();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << said();
  expect_tasks("completed 1");
}

TEST_F(Rejection, StormStopsTheConsumerWithNothingAppliedAndItGoesOnWhenMended) {
  follow({"--reject-limit", "10"});
  by_hand("ALTER TABLE item RENAME TO away");
  pipeline_.sql(
      "INSERT INTO item SELECT i, 'note' FROM generate_series(1, 11) i; INSERT INTO witness VALUES (1)");
  EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 1);
  EXPECT_NE(said().find("more than 10 events of one window cannot be applied"), std::string::npos) << said();
  EXPECT_NE(mailboat({"status"}).output.find("no such table: item"), std::string::npos);
  EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM witness"), 0);
  EXPECT_EQ(tasks(), "");

  by_hand("ALTER TABLE away RENAME TO item");
  follow();
  EXPECT_EQ(pipeline_.lasting_difference("witness", "id"), "");
  EXPECT_EQ(mailboat({"status"}).output.find("no such table"), std::string::npos);
}

TEST_F(Rejection, OfALoadedRowKeepsTheLoadWaitingWhileChangesGoOn) {
  pipeline_.sql("INSERT INTO item VALUES (1, 'same'), (2, 'same')");
  follow();
  pipeline_.kill_consumer();
  by_hand(
      "DELETE FROM item; UPDATE _mailboat_load SET finished = FALSE, rows = 0; DELETE FROM "
      "_mailboat_load_key;"
      "CREATE UNIQUE INDEX by_hand ON item (note)");
  pipeline_.start_consumer();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("a loaded row of public.item cannot be applied"))
      << said();
  expect_live();
  EXPECT_TRUE(eventually([&] {
    return mailboat({"status"}).output.find("a loaded row of public.item cannot be applied") !=
           std::string::npos;
  }));

  by_hand("DROP INDEX by_hand");
  pipeline_.start_consumer();  // or wait half a minute
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << said();
}

TEST_F(Rejection, MakesARunThatCatchesUpFailOnceItIsRecorded) {
  follow();
  pipeline_.kill_consumer();
  pipeline_.sql("SELECT outbox.publish('nobody_wants_it', '{}'); INSERT INTO witness VALUES (1)");
  EXPECT_EQ(pipeline_.start_consumer({"--until-caught-up"}).wait(seconds(30)), 1);
  EXPECT_NE(said().find("mailboat failed list replica"), std::string::npos) << said();
  EXPECT_EQ(pipeline_.value("SELECT count(*) FROM outbox.rejection"), "1");
  EXPECT_EQ(pipeline_.difference("witness", "id"), "");
  EXPECT_EQ(pipeline_.start_consumer({"--until-caught-up"}).wait(seconds(30)), 0) << said();
}

TEST_F(Rejection, HappensToNothingOfATableThatCannotBeMadeYetAndIsLoadedWhenTheWayIsFree) {
  follow();
  by_hand("CREATE TABLE extra (mine TEXT)");
  pipeline_.sql(
      "CREATE TABLE extra (id int PRIMARY KEY, note text); INSERT INTO extra VALUES (1, 'loaded');"
      "SELECT outbox.track('extra'); INSERT INTO extra VALUES (2, 'event')");
  expect_live();
  EXPECT_TRUE(eventually([&] {
    return mailboat({"status"}).output.find("table extra (public.extra) is paused") != std::string::npos;
  })) << said();
  EXPECT_EQ(tasks(), "");
  by_hand("DROP TABLE extra");
  EXPECT_EQ(pipeline_.lasting_difference("extra", "id, note"), "") << said();
  EXPECT_TRUE(eventually([&] { return mailboat({"status"}).output.find("is paused") == std::string::npos; }));
}

}  // namespace
}  // namespace mailboat::test
