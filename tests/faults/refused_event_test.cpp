#include <SQLiteCpp/SQLiteCpp.h>
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
     "DROP TABLE item; CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT CHECK (id < 2), "
     "_version "
     "INTEGER NOT NULL)",
     "DROP TABLE item; CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT, _version INTEGER NOT "
     "NULL)",
     "CHECK constraint failed"},
    {"MissingColumn", "ALTER TABLE item DROP COLUMN note", "ALTER TABLE item ADD COLUMN note TEXT",
     "no column named note"},
    {"MissingTable", "DROP TABLE item",
     "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note TEXT, _version INTEGER NOT NULL)",
     "no such table: item"},
};

class RefusedEvent : public ::testing::Test {
 protected:
  RefusedEvent() {
    pipeline_.sql("CREATE TABLE item (id int PRIMARY KEY, note text); SELECT outbox.track('item')");
    pipeline_.start_producer();
  }

  void follow() {
    pipeline_.sql("SELECT outbox.subscribe('replica')");
    pipeline_.start_consumer();
    ASSERT_TRUE(eventually([&] { return !pipeline_.cursor().empty(); })) << pipeline_.consumer().errors();
  }

  void by_hand(const std::string& statements) {
    SQLite::Database database(pipeline_.file().string(), SQLite::OPEN_READWRITE, 10'000);
    database.exec(statements);
  }

  /// The consumer has stopped, says why, and has not moved beyond the event.
  void expect_stopped_at(const std::string& event, const std::string& reason) {
    EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 1);
    const auto said = pipeline_.consumer().errors();
    EXPECT_NE(said.find(event), std::string::npos) << said;
    EXPECT_NE(said.find(reason), std::string::npos) << said;
    EXPECT_EQ(pipeline_.value("SELECT pg_visible_in_snapshot(max(txid), '" + pipeline_.cursor() +
                              "') FROM outbox.event"),
              "f");
  }

  Pipeline pipeline_;
};

class RefusedChange : public RefusedEvent, public ::testing::WithParamInterface<Mishap> {};

TEST_P(RefusedChange, StopsTheConsumerAndIsAppliedOnceTheTableIsMended) {
  const auto& mishap = GetParam();
  follow();
  by_hand(mishap.damage);
  pipeline_.sql("INSERT INTO item VALUES (1, 'same'), (2, 'same')");
  const auto event = "event " + pipeline_.value("SELECT max(id) FROM outbox.event WHERE op = 'I'");
  const bool first_row_is_fine = mishap.name == "UniqueIndex" || mishap.name == "CheckConstraint";

  expect_stopped_at(first_row_is_fine ? event : "topic public.item", mishap.reason);
  if (mishap.name != "MissingTable") {
    EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item"), 0) << "half a transaction is visible";
  }
  pipeline_.start_consumer();
  expect_stopped_at("topic public.item", mishap.reason);  // trying again does not skip it

  by_hand(mishap.repair);
  pipeline_.sql("INSERT INTO item VALUES (3, 'later')");
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

INSTANTIATE_TEST_SUITE_P(AfterDamageByHand, RefusedChange, ::testing::ValuesIn(mishaps),
                         [](const auto& test) { return test.param.name; });

TEST_F(RefusedEvent, OfAnApplicationStopsTheConsumerUntilItsTopicIsLeftOut) {
  follow();
  pipeline_.sql(
      "INSERT INTO item VALUES (1, 'with it'); SELECT outbox.publish('user_registered', '{\"id\":1}')");
  expect_stopped_at("topic user_registered", "there is no table for its topic");

  pipeline_.sql(
      "SELECT outbox.unsubscribe('replica'); SELECT outbox.subscribe('replica', 'load', '{public.item}')");
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

TEST_F(RefusedEvent, AmongLoadedRowsStopsTheConsumerAndTheLoadGoesOnOnceMended) {
  pipeline_.sql("INSERT INTO item VALUES (1, 'same'), (2, 'same')");
  follow();
  ASSERT_EQ(pipeline_.lasting_difference("item", "id, note"), "");
  pipeline_.kill_consumer();
  by_hand(
      "DELETE FROM item; UPDATE _mailboat_load SET finished = FALSE, rows = 0; DELETE FROM "
      "_mailboat_load_key;"
      "CREATE UNIQUE INDEX by_hand ON item (note)");

  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 1);
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("a loaded row of public.item cannot be applied"))
      << pipeline_.consumer().errors();
  by_hand("DROP INDEX by_hand");
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

}  // namespace
}  // namespace mailboat::test
