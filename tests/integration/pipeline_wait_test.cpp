// Read your writes, from the commit to the SQLite file.
#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/integration/pipeline_fixture.hpp"

namespace mailboat::test {
namespace {

class ReadYourWrites : public Pipeline {
 protected:
  ReadYourWrites() { sql("CREATE TABLE item (id int PRIMARY KEY, body text); SELECT outbox.track('item')"); }
  void in_replica(const std::string& statement) {
    SQLite::Database(file(), SQLite::OPEN_READWRITE, 5000).exec(statement);
  }
  std::string wait(const std::string& timeout = "60 s") {
    return value("SELECT outbox.wait_for('replica', '" + timeout + "')");
  }
};

TEST_F(ReadYourWrites, WhatWasCommittedBeforeTheWaitIsInTheFileAfterIt) {
  subscribe();
  start_producer();
  start_consumer();
  for (int id = 1; id <= 100; ++id) {
    sql("INSERT INTO item VALUES (" + std::to_string(id) + ", 'x')");
    ASSERT_EQ(wait(), "t") << said();
    ASSERT_EQ(replica().number("SELECT count(*) FROM item"), id) << said();
  }
}

TEST_F(ReadYourWrites, ALoadIsWaitedForToItsEnd) {
  sql("INSERT INTO item SELECT n, repeat('x', 100) FROM generate_series(1, 50000) n");
  sql("CREATE TABLE small (id int PRIMARY KEY); INSERT INTO small VALUES (1); SELECT outbox.track('small')");
  subscribe();
  start_producer();
  EXPECT_EQ(wait("0"), "f");
  start_consumer();
  ASSERT_EQ(wait(), "t") << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 50000);
  EXPECT_EQ(replica().number("SELECT count(*) FROM small"), 1);
  // A table that is tracked while everything runs is loaded by itself.
  sql("CREATE TABLE late (id int PRIMARY KEY, body text); INSERT INTO late SELECT n, repeat('x', 100) FROM "
      "generate_series(1, 50000) n");
  sql("SELECT outbox.track('late')");
  ASSERT_EQ(wait(), "t") << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM late"), 50000);
}

TEST_F(ReadYourWrites, ALoadThatIsRefusedIsNotOver) {
  sql("INSERT INTO item VALUES (1, 'x')");
  subscribe();
  start_producer();
  start_consumer();
  ASSERT_EQ(wait(), "t") << said();
  in_replica("CREATE TRIGGER no BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no'); END");
  sql("ALTER TABLE item ADD new float8 DEFAULT random()");  // rewritten, therefore loaded again
  ASSERT_TRUE(consumer->wait_for_output("a load waits")) << said();
  EXPECT_EQ(wait("100 ms"), "f") << said();
  stop(consumer);
  in_replica("DROP TRIGGER no");
  start_consumer();
  ASSERT_EQ(wait(), "t") << said();
  expect_equal("item");
}

}  // namespace
}  // namespace mailboat::test
