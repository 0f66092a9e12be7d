// Where a subscription begins, what it carries, and where --until-caught-up ends.
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {
namespace {

class Start : public Pipeline {
 protected:
  Start() {
    sql("CREATE TABLE item (id int PRIMARY KEY, name text); CREATE TABLE other (id int PRIMARY KEY)");
  }
};

TEST_F(Start, FromNowOnHasNoneOfTheOldRows) {
  sql("SELECT outbox.track('item'); INSERT INTO item SELECT n, 'old' FROM generate_series(1, 50) n");
  subscribe("replica", "now");
  sql("INSERT INTO item VALUES (100, 'new'); UPDATE item SET name = 'changed' WHERE id = 7; DELETE FROM item "
      "WHERE id = 8");
  start_producer();
  catch_up();
  EXPECT_EQ(replica().rows("SELECT id, name FROM item ORDER BY id"),
            (std::vector<SqliteReader::Row>{{"7", "changed"}, {"100", "new"}}));
}

TEST_F(Start, FromTheEarliestHasEveryEventOfTheLog) {
  sql("INSERT INTO item VALUES (0, 'before tracking'); SELECT outbox.track('item')");
  sql("INSERT INTO item SELECT n, 'old' FROM generate_series(1, 50) n; DELETE FROM item WHERE id = 3");
  subscribe("replica", "earliest");
  sql("INSERT INTO item VALUES (100, 'new')");
  start_producer();
  catch_up();
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 50);
  EXPECT_EQ(replica().number("SELECT count(*) FROM item WHERE id IN (0, 3)"), 0);
  EXPECT_EQ(replica().text("SELECT name FROM item WHERE id = 100"), "new");
}

TEST_F(Start, EverythingCommittedBeforeIsThereWhenCaughtUp) {
  sql("SELECT outbox.track('item')");
  subscribe();
  start_producer();
  for (int round = 1; round <= 10; ++round) {
    sql("INSERT INTO item SELECT n, 'round' FROM generate_series(" + std::to_string(round * 100) + ", " +
        std::to_string(round * 100 + 99) + ") n");
    catch_up();
    ASSERT_EQ(replica().number("SELECT count(*) FROM item"), round * 100);
  }
  expect_equal("item");
}

TEST_F(Start, WithNothingTrackedThereIsNothingToWaitFor) {
  subscribe();
  start_producer();
  catch_up();
}

TEST_F(Start, ChosenTopicsAreAllThatIsCarried) {
  sql("SELECT outbox.track('item'), outbox.track('other'); INSERT INTO other VALUES (1); INSERT INTO item "
      "VALUES (1, 'loaded')");
  sql("SELECT outbox.subscribe('replica', 'load', '{public.item}')");
  start_producer();
  catch_up();
  sql("INSERT INTO item VALUES (2, 'event'); INSERT INTO other VALUES (2); SELECT outbox.publish('hello', "
      "'{\"id\": 1}')");
  catch_up();
  expect_equal("item");
  EXPECT_FALSE(replica().has_table("other"));
  EXPECT_EQ(replica().number("SELECT count(*) FROM _mailboat_relation"), 1);
}

TEST_F(Start, SubscriptionsAreServedSideBySideEachWithItsOwnCursor) {
  sql("SELECT outbox.track('item')");
  subscribe("one");
  subscribe("two");
  start_producer();
  start_consumer("one");
  sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 1000) n");
  catch_up("two");
  expect_equal("item", "item", "two");
  sql("DELETE FROM item WHERE id < 500");
  stop(consumer);
  catch_up("one");
  expect_equal("item", "item", "one");
  EXPECT_EQ(replica("two").number("SELECT count(*) FROM item"), 1000);
}

TEST_F(Start, TheSourceIsWrittenToWhileMailboatIsStopped) {
  sql("SELECT outbox.track('item')");
  subscribe();
  start_producer();
  catch_up();
  stop(producer);
  sql("DELETE FROM outbox.event; DROP TABLE outbox.event_1_500000, outbox.event_500001_1000000, "
      "outbox.event_1000001_999999999999");  // inserts find a partition even then
  sql("INSERT INTO item SELECT n, 'while stopped' FROM generate_series(1, 5000) n; UPDATE item SET name = "
      "'x' "
      "WHERE id < 10; DELETE FROM item WHERE id = 11; TRUNCATE other");
  start_producer();
  catch_up();
  expect_equal("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 4999);
}

}  // namespace
}  // namespace mailboat::test
