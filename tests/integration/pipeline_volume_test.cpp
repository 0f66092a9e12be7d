// Large things go through, and memory stays flat.
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAILBOAT_SANITIZED 1
#else
#define MAILBOAT_SANITIZED 0
#endif

namespace mailboat::test {
namespace {

using std::chrono::seconds;

constexpr int million = 1'000'000;
constexpr std::uint64_t memory_limit = 128 << 20;

class Volume : public Pipeline {
 protected:
  // Statement capture, only because it makes the million rows sooner.
  Volume() {
    sql("CREATE TABLE item (id int PRIMARY KEY, n bigint, body text);"
        "SELECT outbox.track('item', capture => 'statement')");
    subscribe();
  }

  void expect_little_memory() {
    RecordProperty("producer_peak_bytes", std::to_string(producer->peak_memory()));
    RecordProperty("consumer_peak_bytes", std::to_string(consumer->peak_memory()));
    EXPECT_GT(producer->peak_memory(), 0U) << said();
    EXPECT_GT(consumer->peak_memory(), 0U) << said();
    if (MAILBOAT_SANITIZED != 0) return;  // a sanitizer's own memory says nothing about ours
    EXPECT_LT(producer->peak_memory(), memory_limit);
    EXPECT_LT(consumer->peak_memory(), memory_limit);
  }

  void expect_same_sums() {
    constexpr auto sums =
        "SELECT count(*) || ' ' || sum(id) || ' ' || sum(n) || ' ' || sum(length(body)) FROM item";
    EXPECT_EQ(replica().text(sums), value(sums));
  }

  bool has_rows(int expected) {
    return !consumer->running() || replica_has("SELECT count(*) FROM item", expected);
  }
};

TEST_F(Volume, OneTransactionOfAMillionEventsThenABacklogOfAMillionInFlatMemory) {
  sql("INSERT INTO item SELECT n, n * 1000003::bigint, repeat('x', 250 + n % 50) FROM generate_series(1, "
      "1000000) "
      "n");
  start_producer();
  start_consumer();
  ASSERT_TRUE(eventually([&] { return has_rows(million); }, seconds(120))) << said();
  expect_same_sums();
}

}  // namespace
}  // namespace mailboat::test
