// What is committed reaches the SQLite file without its writer, and the WAL file stays bounded.
#include "consumer/checkpointer.hpp"

#include <gtest/gtest.h>

#include "consumer/open_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::consumer {
namespace {

namespace fs = std::filesystem;

TEST(LogGrowth, LetsTheWriterWaitWhenTheLogHasGrownForLong) {
  LogGrowth growth(100);
  EXPECT_FALSE(growth.must_wait(60));
  EXPECT_FALSE(growth.must_wait(99));
  EXPECT_TRUE(growth.must_wait(120));
  EXPECT_TRUE(growth.must_wait(130)) << "somebody still reads from it";
  EXPECT_FALSE(growth.must_wait(20)) << "it has begun anew";
  EXPECT_TRUE(growth.must_wait(110));
}

TEST(LogGrowth, LeavesTimeToCopyALargeTransaction) {
  LogGrowth growth(100);
  EXPECT_FALSE(growth.must_wait(5000));
  EXPECT_FALSE(growth.must_wait(5099));
  EXPECT_TRUE(growth.must_wait(5100));
  EXPECT_FALSE(growth.must_wait(1));
  EXPECT_TRUE(growth.must_wait(100));
}

TEST(LogGrowth, LetsTheWriterWaitAfterEachSecondOfManyLargeTransactions) {
  LogGrowth growth(100);
  EXPECT_FALSE(growth.must_wait(110));
  EXPECT_TRUE(growth.must_wait(220)) << "the first was not copied when the second began";
  EXPECT_TRUE(growth.must_wait(330));
  EXPECT_FALSE(growth.must_wait(110)) << "it has begun anew";
  EXPECT_FALSE(growth.must_wait(120));
  EXPECT_TRUE(growth.must_wait(230));
}

class CheckpointerTest : public ::testing::Test {
 protected:
  CheckpointerTest() {
    use_write_ahead_log(writer_);
    writer_.exec("CREATE TABLE item (id INTEGER PRIMARY KEY, value BLOB)");
  }

  void commit_pages(int pages) {
    writer_.exec(
        "INSERT INTO item (value) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < " +
        std::to_string(pages) + ") SELECT zeroblob(8000) FROM n");
  }
  [[nodiscard]] std::uintmax_t file_pages() const { return fs::file_size(path_) / page; }
  [[nodiscard]] std::uintmax_t log_pages() const { return fs::file_size(path_ + "-wal") / page; }

  static constexpr std::uintmax_t page = 8192;
  test::TempDir folder_;
  const std::string path_ = (folder_.path() / "replica.db").string();
  SQLite::Database writer_ = open_database(path_, "");
};

TEST_F(CheckpointerTest, WhatIsCommittedReachesTheFileWithoutItsWriter) {
  const Checkpointer checkpointer(writer_, {.pages = 10, .most_pages = 1000});
  commit_pages(100);
  ASSERT_TRUE(test::eventually([this] { return file_pages() >= 100; }));
  EXPECT_EQ(writer_.execAndGet("SELECT count(*) FROM item").getInt(), 100);
}

TEST_F(CheckpointerTest, ALittleWaitsForMore) {
  const Checkpointer checkpointer(writer_, {.pages = 50, .most_pages = 1000});
  commit_pages(20);
  EXPECT_LT(file_pages(), 20U);
  commit_pages(50);
  ASSERT_TRUE(test::eventually([this] { return file_pages() >= 70; }));
}

TEST_F(CheckpointerTest, TheLogBeginsAnewAlthoughItsWriterNeverPauses) {
  const Checkpointer checkpointer(writer_, {.pages = 10, .most_pages = 100});
  for (int i = 0; i < 300; ++i) commit_pages(10);
  EXPECT_LT(log_pages(), 200U) << "3000 pages went through it";
}

TEST_F(CheckpointerTest, ALargeTransactionIsCopiedWithoutItsWriterToo) {
  const Checkpointer checkpointer(writer_, {.pages = 10, .most_pages = 100});
  commit_pages(500);
  ASSERT_TRUE(test::eventually([this] { return file_pages() >= 500; }));
  for (int i = 0; i < 100; ++i) commit_pages(10);
  EXPECT_LT(log_pages(), 1000U);
}

TEST_F(CheckpointerTest, TheLogBeginsAnewAmongLargeTransactionsWithoutAPause) {
  const Checkpointer checkpointer(writer_, {.pages = 10, .most_pages = 100});
  for (int i = 0; i < 30; ++i) commit_pages(200);
  EXPECT_LT(log_pages(), 1000U) << "6000 pages went through it";
}

TEST_F(CheckpointerTest, AReaderKeepsWhatItSees) {
  const Checkpointer checkpointer(writer_, {.pages = 10, .most_pages = 100});
  commit_pages(20);
  SQLite::Database reader(path_, SQLite::OPEN_READONLY);
  SQLite::Transaction reading(reader);
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM item").getInt(), 20);
  for (int i = 0; i < 50; ++i) commit_pages(10);
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM item").getInt(), 20);
  reading.commit();
  commit_pages(10);
  commit_pages(1);
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM item").getInt(), 531);
}

}  // namespace
}  // namespace mailboat::consumer
