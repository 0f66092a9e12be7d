#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

constexpr int killed_by_sigterm = 128 + SIGTERM;

class Lifecycle : public ::testing::Test {
 protected:
  Lifecycle() {
    pipeline_.sql(
        "CREATE TABLE item (id int PRIMARY KEY, note text); SELECT outbox.track('item');"
        "SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
  }

  void follow() {
    pipeline_.start_consumer();
    ASSERT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
  }

  /// Brings the consumer into the middle of a window: SQLite's log grows, the cursor stays.
  void enter_large_window() {
    const auto before = log_size();
    pipeline_.sql("INSERT INTO item SELECT i, repeat('x', 1200) FROM generate_series(1, 40000) i");
    ASSERT_TRUE(eventually([&] { return log_size() > before + (1 << 20); })) << pipeline_.consumer().errors();
  }
  std::uintmax_t log_size() { return std::filesystem::file_size(pipeline_.file().string() + "-wal"); }

  Pipeline pipeline_;
};

/// Sends SIGTERM until the process has ended: a second one counts only once the first has been seen.
std::optional<int> terminate_impatiently(Process& process) {
  eventually([&] {
    process.kill(SIGTERM);
    return !process.running();
  });
  return process.wait(seconds(0));
}

TEST_F(Lifecycle, SigtermEndsBothDaemonsCleanly) {
  follow();
  pipeline_.consumer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 0) << pipeline_.consumer().errors();
  pipeline_.producer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.producer().wait(seconds(30)), 0) << pipeline_.producer().errors();
}

TEST_F(Lifecycle, SigtermEndsAProducerWhoseConsumerWaitsForTheNextOne) {
  follow();
  pipeline_.producer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.producer().wait(seconds(30)), 0) << pipeline_.producer().errors();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("the producer is stopping"));

  pipeline_.start_producer();
  pipeline_.sql("INSERT INTO item VALUES (1, 'later')");
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

TEST_F(Lifecycle, SigtermLetsTheConsumerFinishALargeWindow) {
  follow();
  enter_large_window();
  pipeline_.consumer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.consumer().wait(seconds(60)), 0) << pipeline_.consumer().errors();
  EXPECT_EQ(pipeline_.difference("item", "id, note"), "");
}

TEST_F(Lifecycle, SigtermDuringAWindowThatDoesNotEndRollsItBack) {
  follow();
  enter_large_window();
  pipeline_.producer().kill(SIGSTOP);
  pipeline_.consumer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.consumer().wait(seconds(60)), 0) << pipeline_.consumer().errors();
  EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item"), 0);

  pipeline_.producer().kill(SIGCONT);
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

TEST_F(Lifecycle, ASecondSigtermEndsTheConsumerAtOnce) {
  follow();
  enter_large_window();
  pipeline_.producer().kill(SIGSTOP);  // the window would never end
  EXPECT_EQ(terminate_impatiently(pipeline_.consumer()), killed_by_sigterm);

  pipeline_.producer().kill(SIGCONT);
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

TEST_F(Lifecycle, ASecondSigtermEndsTheProducerAtOnce) {
  follow();
  pipeline_.consumer().kill(SIGSTOP);  // its last acknowledgement would be waited for
  pipeline_.sql("INSERT INTO item VALUES (1, 'unacknowledged')");
  EXPECT_EQ(terminate_impatiently(pipeline_.producer()), killed_by_sigterm);

  pipeline_.consumer().kill(SIGCONT);
  pipeline_.start_producer();
  EXPECT_EQ(pipeline_.lasting_difference("item", "id, note"), "") << pipeline_.consumer().errors();
}

TEST_F(Lifecycle, UntilCaughtUpEndsWithEverythingCommittedBefore) {
  pipeline_.sql("INSERT INTO item SELECT i, 'note' FROM generate_series(1, 30000) i");
  const auto consumer = run(pipeline_.consumer_command({"--until-caught-up"}));
  EXPECT_EQ(consumer.exit_code, 0) << consumer.errors;
  EXPECT_EQ(pipeline_.difference("item", "id, note"), "");
}

}  // namespace
}  // namespace mailboat::test
