#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

constexpr auto columns = "id, note";

/// A consumer that follows a table, and the trouble its file may get into.
class StorageTrouble : public ::testing::Test {
 protected:
  StorageTrouble() {
    pipeline_.sql(
        "CREATE TABLE item (id int PRIMARY KEY, note text); INSERT INTO item VALUES (0, 'before');"
        "SELECT outbox.track('item'); SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
  }

  bool applies_everything() { return pipeline_.lasting_difference("item", columns).empty(); }

  /// The file may not grow beyond a few MiB: writes fail as they do on a full disk.
  std::vector<std::string> on_a_small_disk() {
    auto command = pipeline_.consumer_command();
    command.insert(command.begin(), {"bash", "-c", "ulimit -S -f 4096 && exec \"$0\" \"$@\""});
    return command;
  }
  void fill_the_disk() {
    pipeline_.sql("INSERT INTO item SELECT i, repeat('x', 1500) FROM generate_series(1, 15000) i");
    ASSERT_TRUE(pipeline_.consumer().wait_for_output("waiting to try again"))
        << pipeline_.consumer().errors() << pipeline_.consumer().wait({}).value_or(-1);
    EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item"), 1) << "half a window is visible";
  }
  void make_room() {
    rlimit limit{};
    ASSERT_EQ(::prlimit(pipeline_.consumer().id(), RLIMIT_FSIZE, nullptr, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ASSERT_EQ(::prlimit(pipeline_.consumer().id(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }

  Pipeline pipeline_;
};

TEST_F(StorageTrouble, AWriterThatHoldsTheFileForLongIsWaitedForWithoutChatter) {
  auto& consumer = pipeline_.start_consumer();
  ASSERT_TRUE(applies_everything());
  {
    SQLite::Database other(pipeline_.file().string(), SQLite::OPEN_READWRITE);
    SQLite::Transaction holding(other, SQLite::TransactionBehavior::IMMEDIATE);
    pipeline_.sql("INSERT INTO item VALUES (1, 'meanwhile')");
    // Two tries, each as long as the consumer's busy_timeout: first for the window, then for the file anew.
    ASSERT_TRUE(consumer.wait_for_output("cannot begin a transaction in SQLite file")) << consumer.errors();
    ASSERT_TRUE(consumer.wait_for_output("cannot use SQLite file")) << consumer.errors();
  }
  EXPECT_TRUE(applies_everything()) << consumer.errors();
  EXPECT_EQ(occurrences(consumer.errors(), "waiting to try again"), 2) << consumer.errors();
  EXPECT_TRUE(consumer.wait_for_output("working again"));
  EXPECT_TRUE(consumer.running());
}

TEST_F(StorageTrouble, AFullDiskIsWaitedForAndTheWindowIsAppliedWhenThereIsRoom) {
  auto& consumer = pipeline_.start_consumer_as(on_a_small_disk());
  ASSERT_TRUE(applies_everything()) << consumer.errors();
  fill_the_disk();
  make_room();
  EXPECT_TRUE(applies_everything()) << consumer.errors();
  EXPECT_TRUE(consumer.wait_for_output("working again"));
}

TEST_F(StorageTrouble, AConsumerThatDiesOnAFullDiskLosesNothing) {
  auto& consumer = pipeline_.start_consumer_as(on_a_small_disk());
  ASSERT_TRUE(applies_everything()) << consumer.errors();
  fill_the_disk();
  pipeline_.kill_consumer();
  pipeline_.sql("UPDATE item SET note = 'later' WHERE id % 7 = 0; DELETE FROM item WHERE id % 11 = 0");
  pipeline_.start_consumer();
  EXPECT_TRUE(applies_everything()) << pipeline_.consumer().errors();
}

}  // namespace
}  // namespace mailboat::test
