// Large things go through, and memory stays flat.
#include <cstdio>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sanitized.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

constexpr int million = 1'000'000;
constexpr std::uint64_t memory_limit = 128 << 20;

class Volume : public Pipeline {
 protected:
  Volume() {
    // Statement capture, only because it makes a million events sooner.
    sql("CREATE TABLE item (id int PRIMARY KEY, n bigint, body text);"
        "SELECT outbox.track('item', capture => 'statement')");
    subscribe();
  }

  void begin() {
    start_producer();
    start_consumer();
    // What is committed from now on comes as events.
    ASSERT_TRUE(soon("SELECT count(*) FROM _mailboat_cursor", 1)) << said();
  }

  // Waits for the daemons to have done a lot.
  bool soon(const std::string& count_query, std::int64_t expected) {
    const auto done = [&] { return !consumer->running() || replica_has(count_query, expected); };
    return eventually(done, seconds(150)) && consumer->running();
  }

  void expect_little_memory() {
    const auto of_producer = producer->peak_memory();
    const auto of_consumer = consumer->peak_memory();
    std::printf("peak memory: producer %d MiB, consumer %d MiB\n", static_cast<int>(of_producer >> 20),
                static_cast<int>(of_consumer >> 20));
    EXPECT_GT(of_producer, 0U);
    EXPECT_GT(of_consumer, 0U);
    if (sanitized) return;
    EXPECT_LT(of_producer, memory_limit);
    EXPECT_LT(of_consumer, memory_limit);
  }

  void expect_same_sums() {
    constexpr auto sums =
        "SELECT count(*) || ' ' || sum(id) || ' ' || sum(n) || ' ' || sum(length(body)) FROM item";
    EXPECT_EQ(replica().text(sums), value(sums));
  }
};

constexpr auto insert_a_million =
    "INSERT INTO item SELECT n, n * 1000003::bigint, repeat('x', 250 + n % 50) FROM generate_series(1, "
    "1000000) n";

TEST_F(Volume, OneTransactionOfAMillionEventsGoesThroughInFlatMemory) {
  begin();
  sql(insert_a_million);
  ASSERT_TRUE(eventually(
      [&] {
        const auto rows = replica().number("SELECT count(*) FROM item");
        EXPECT_TRUE(rows == 0 || rows == million) << "a part of the transaction can be seen: " << rows;
        return rows != 0 || !consumer->running();
      },
      seconds(150)))
      << said();
  expect_little_memory();
  expect_same_sums();
}

TEST_F(Volume, AMillionRowsAreLoadedAndABacklogOfAMillionEventsGoesThroughInFlatMemory) {
  sql(insert_a_million);
  begin();
  ASSERT_TRUE(soon("SELECT finished FROM _mailboat_load", 1)) << said();
  expect_same_sums();
  expect_little_memory();
  stop(consumer);
  sql("CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..1000 LOOP"
      " UPDATE item SET n = n + i WHERE id > (i - 1) * 1000 AND id <= i * 1000; COMMIT; END LOOP; END $$");
  sql("CALL work()");
  start_consumer();
  ASSERT_TRUE(soon("SELECT count(*) FROM item WHERE _version > 0", million)) << said();
  expect_little_memory();
  expect_same_sums();
}

// One after the other: a value this large takes many times its size while PostgreSQL makes it.
TEST_F(Volume, AnEventOfFiftyMegabytesGoesThrough) {
  begin();
  sql("CREATE TABLE document (id int PRIMARY KEY, body json); SELECT outbox.track('document')");
  const std::string large = "('{\"words\": [\"' || repeat('wörd ', 8500000) || '\"]}')::json";
  sql("INSERT INTO document VALUES (1, '{}'); INSERT INTO document VALUES (2, " + large + ")");
  ASSERT_TRUE(soon("SELECT count(*) FROM document", 2)) << said();
  const std::string sums = "SELECT sum(length(CAST(body AS text))) FROM document";
  EXPECT_EQ(replica().text(sums), value(sums));
  EXPECT_GT(value("SELECT max(octet_length(body::text)) FROM document"), "50000000");
}

TEST_F(Volume, LargeRowsAreLoadedInFlatMemory) {
  sql("CREATE TABLE document (id int PRIMARY KEY, body text);"
      "INSERT INTO document SELECT n, 'small' FROM generate_series(1, 20000) n;"
      "INSERT INTO document SELECT n, repeat('0123456789abcdef', 62500) FROM generate_series(20001, 20300) n;"
      "SELECT outbox.track('document')");
  begin();
  ASSERT_TRUE(soon("SELECT count(*) FROM document", 20'300)) << said();
  EXPECT_EQ(replica().number("SELECT sum(length(body)) FROM document"), 300'100'000);
  expect_little_memory();
}

}  // namespace
}  // namespace mailboat::test
