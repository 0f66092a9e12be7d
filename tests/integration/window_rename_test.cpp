// What a subscription with a list of topics reads while its tables are renamed, and what comes late.
#include <gmock/gmock.h>
#include <thread>

#include "tests/integration/window_fixture.hpp"

namespace mailboat::producer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WindowOfRenames : public WindowTest {
 protected:
  WindowOfRenames() {
    admin_.query("CREATE TABLE other (id int PRIMARY KEY, value text); SELECT outbox.track('other')");
    next();
  }
  /// The next window of `reader`, as `topic op` of each event, without the schema "public".
  std::vector<std::string> next(WindowReader& reader) {
    changes_.clear();
    reader.open(from_);
    const auto events = read_all(reader);
    from_ = reader.to();
    reader.finish();
    std::vector<std::string> told;
    events.for_each([&told](const Event& event) {
      const auto topic = event.topic.starts_with("public.") ? event.topic.substr(7) : event.topic;
      told.push_back(std::string(topic) + ' ' + static_cast<char>(event.op));
    });
    return told;
  }
  std::vector<std::string> next() { return next(listed_); }
  [[nodiscard]] std::vector<std::string> loads() const { return topics_to_load(changes_); }

  const Subscription subscription_ = subscribed("s", "load", "{public.item}");
  WindowReader listed_{source_, subscription_};
  Snapshot from_;
};

TEST_F(WindowOfRenames, OneThatCommitsAfterTheSessionBeganIsFollowed) {
  postgres::Connection renaming(conninfo_, "renaming");
  renaming.query(
      "BEGIN; INSERT INTO item VALUES (1); ALTER TABLE item RENAME TO thing; INSERT INTO thing VALUES (2)");
  EXPECT_THAT(next(), IsEmpty());
  renaming.query("COMMIT");
  EXPECT_TRUE(listed_.poll(from_).has_events);
  EXPECT_THAT(next(), ElementsAre("item I", "thing R", "thing I"))
      << "before and after it in one transaction";
  EXPECT_THAT(loads(), IsEmpty());
  admin_.query(
      "INSERT INTO thing VALUES (3); CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item');"
      "INSERT INTO item VALUES (1)");
  EXPECT_TRUE(listed_.poll(from_).has_events);
  EXPECT_THAT(next(), ElementsAre("thing I")) << "the name belongs to another table now";
}

TEST_F(WindowOfRenames, OneIsFoundByAPollAlthoughItsTopicIsNew) {
  admin_.query("ALTER TABLE item RENAME TO thing");
  EXPECT_TRUE(listed_.poll(from_).has_events);
}

TEST_F(WindowOfRenames, AChainAndASwapInOneWindowAreFollowedEventByEvent) {
  admin_.query("ALTER TABLE item RENAME TO a; INSERT INTO a VALUES (1); ALTER TABLE a RENAME TO b");
  admin_.query(
      "BEGIN; ALTER TABLE b RENAME TO x; ALTER TABLE other RENAME TO item; INSERT INTO item VALUES (1);"
      "ALTER TABLE x RENAME TO other; INSERT INTO other VALUES (2); COMMIT");
  EXPECT_THAT(next(), ElementsAre("a R", "a I", "b R", "x R", "other R", "other I"));
}

TEST_F(WindowOfRenames, ATableThatGetsAListedNameComesWithItsRows) {
  admin_.query("DROP TABLE item; ALTER TABLE other RENAME TO item; INSERT INTO item VALUES (1)");
  EXPECT_THAT(next(), ElementsAre("item R", "item R", "item I"));
  EXPECT_THAT(loads(), ElementsAre("public.item"));
}

TEST_F(WindowOfRenames, ALaterSessionWithACursorFromBeforeThemReadsTheSame) {
  const auto before = from_;
  admin_.query("INSERT INTO item VALUES (1); ALTER TABLE item RENAME TO thing; INSERT INTO thing VALUES (2)");
  const std::vector<std::string> expected{"item I", "thing R", "thing I"};
  EXPECT_EQ(next(), expected);
  from_ = before;
  WindowReader later(source_, subscription_);
  EXPECT_EQ(next(later), expected);
}

// ALTER SCHEMA locks no table: what others wrote before it commits after it, under the old name.
TEST_F(WindowOfRenames, WhatComesAfterTheRenameOfItsSchemaHasTheNewName) {
  admin_.query("CREATE SCHEMA live; ALTER TABLE item SET SCHEMA live");
  next();
  postgres::Connection early(conninfo_, "early");
  postgres::Connection late(conninfo_, "late");
  early.query("BEGIN; INSERT INTO live.item VALUES (1)");
  admin_.query("BEGIN; ALTER SCHEMA live RENAME TO old");
  late.query("BEGIN; INSERT INTO live.item VALUES (2)");  // has a higher id than the description
  admin_.query("COMMIT");
  EXPECT_THAT(next(), ElementsAre("old.item R"));
  early.query("COMMIT");
  late.query("COMMIT");
  EXPECT_THAT(next(), ElementsAre("old.item I", "old.item I"));
  EXPECT_THAT(loads(), IsEmpty());
}

TEST_F(WindowOfRenames, SchemasCanBeSwappedUnderTheirWriters) {
  admin_.query(
      "CREATE SCHEMA live; CREATE SCHEMA staging; ALTER TABLE item SET SCHEMA live; ALTER TABLE other RENAME "
      "TO "
      "item; ALTER TABLE item SET SCHEMA staging");
  next();
  postgres::Connection writer(conninfo_, "writer");
  writer.query("BEGIN; SELECT pg_current_xact_id()");
  postgres::Connection swapping(conninfo_, "swapping");
  swapping.query(
      "BEGIN; ALTER SCHEMA live RENAME TO old; ALTER SCHEMA staging RENAME TO live; INSERT INTO live.item "
      "VALUES (1)");
  writer.query("INSERT INTO live.item VALUES (2); COMMIT");
  EXPECT_THAT(next(), ElementsAre("live.item I")) << "committed before the swap";
  writer.query("BEGIN; INSERT INTO live.item VALUES (3)");
  swapping.query("COMMIT");
  writer.query("COMMIT");
  admin_.query("INSERT INTO live.item VALUES (4); INSERT INTO old.item VALUES (5)");
  WindowReader all(source_, everything_);
  const auto before = from_;
  EXPECT_THAT(next(all), ElementsAre("old.item R", "live.item R", "live.item I", "old.item I", "live.item I",
                                     "old.item I"));
  from_ = before;
  EXPECT_THAT(next(), ElementsAre("old.item R", "old.item I", "old.item I")) << "the list has only the one";
}

// Neither does ALTER TYPE, and the rows of those who wrote before it may have been loaded already.
TEST_F(WindowOfRenames, WhatWasWrittenBeforeALabelWasRenamedIsLoadedOnceMore) {
  admin_.query("CREATE TYPE mood AS ENUM ('ok', 'sad'); ALTER TABLE item ADD COLUMN m mood");
  next();
  postgres::Connection writer(conninfo_, "writer");
  writer.query("BEGIN; INSERT INTO item VALUES (1, 'x', 'sad')");
  admin_.query("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'");
  EXPECT_THAT(next(), ElementsAre("item R"));
  EXPECT_THAT(loads(), ElementsAre("public.item"));
  writer.query("COMMIT");
  EXPECT_THAT(next(), ElementsAre("item I"));
  EXPECT_THAT(loads(), ElementsAre("public.item"));
  admin_.query("INSERT INTO item VALUES (2, 'y', 'low')");
  WindowReader later(source_, subscription_);
  EXPECT_THAT(next(later), ElementsAre("item I"));
  EXPECT_THAT(loads(), IsEmpty()) << "that is over";
}

// Renames at random while others write: each event of the table comes once, under the name that the reader
// was told last.
TEST_F(WindowOfRenames, NoEventIsMissedHoweverTheyRace) {
  std::jthread writing([this](const std::stop_token& stop) {
    postgres::Connection writer(conninfo_, "writer");
    for (int id = 1; !stop.stop_requested(); ++id) {
      for (const auto* name : {"item", "thing"}) {
        try {
          writer.query(std::string("INSERT INTO ") + name + " VALUES (" + std::to_string(id) + ")");
          break;
        } catch (const postgres::StatementFailed&) {  // it has the other name now
        }
      }
    }
  });
  std::jthread renaming([this](const std::stop_token& stop) {
    postgres::Connection connection(conninfo_, "renaming");
    for (int i = 0; i < 40 && !stop.stop_requested(); ++i) {
      connection.query(i % 2 == 0 ? "ALTER TABLE item RENAME TO thing" : "ALTER TABLE thing RENAME TO item");
    }
  });
  std::string name = "item";
  int rows = 0;
  const auto read = [&] {
    for (const auto& told : next()) {
      if (told.ends_with(" R")) name = told.substr(0, told.size() - 2);
      if (told.ends_with(" I")) ++rows;
      EXPECT_TRUE(told.starts_with(name)) << told << " while it is called " << name;
    }
  };
  while (name == "item") read();
  renaming.join();
  writing.request_stop();
  writing.join();
  read();
  EXPECT_EQ(rows, admin_.query("SELECT count(*) FROM item").int64(0, 0));
  EXPECT_GT(rows, 0);
}

}  // namespace
}  // namespace mailboat::producer
