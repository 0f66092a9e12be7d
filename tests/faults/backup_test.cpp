#include <algorithm>
#include <gtest/gtest.h>
#include <list>
#include <set>

#include "tests/faults/bank.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/small_disk.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

/// A replica of some 30 MiB under load, and `mailboat backup` beside it.
class LiveBackup : public ::testing::Test {
 protected:
  LiveBackup() {
    bank::open(pipeline_);
    pipeline_.sql(
        "CREATE TABLE ballast (id int PRIMARY KEY, note text);"
        "INSERT INTO ballast SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) n;"
        "SELECT outbox.track('ballast'); SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
    pipeline_.start_consumer();
  }
  void SetUp() override {
    ASSERT_EQ(pipeline_.lasting_difference("ballast", "id"), "") << pipeline_.said();
    ASSERT_EQ(bank::lasting_difference(pipeline_), "") << pipeline_.said();
  }

  std::vector<std::string> backup_to(const fs::path& copy) const {
    return {program("mailboat"), "backup", "--database", pipeline_.file(), "--to", copy};
  }
  /// How many files there are in the folder whose names begin like that.
  static long files_like(const fs::path& path) {
    const auto beginning = path.filename().string();
    return std::count_if(
        fs::directory_iterator(path.parent_path()), fs::directory_iterator(),
        [&](const auto& entry) { return entry.path().filename().string().starts_with(beginning); });
  }
  void put_back(const fs::path& copy) {
    pipeline_.kill_consumer();
    for (const std::string suffix : {"-wal", "-shm"}) fs::remove(pipeline_.file().string() + suffix);
    fs::rename(copy, pipeline_.file());
    pipeline_.start_consumer();
  }

  Pipeline pipeline_;
};

TEST_F(LiveBackup, HoldsOneStateOfTheSourceEachTimeAndGoesOnFromThereWhenItIsPutBack) {
  std::list<Teller> tellers;
  for (int i = 0; i < 3; ++i) tellers.emplace_back(pipeline_.conninfo(), seed() + i, Teller::Habits{});
  std::set<std::string> states;
  fs::path copy;
  for (int i = 0; i < 5; ++i) {
    copy = pipeline_.folder() / ("copy-" + std::to_string(i));
    const auto enough = tellers.front().commits() + 3;
    ASSERT_TRUE(eventually([&] { return tellers.front().commits() >= enough; }));
    const auto said = run(backup_to(copy));
    ASSERT_EQ(said.exit_code, 0) << said.errors;
    const SqliteReader reader(copy);
    EXPECT_EQ(reader.text("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(
        reader.number("SELECT sum(balance) FROM (SELECT balance FROM checking UNION ALL SELECT balance FROM "
                      "savings UNION ALL SELECT balance FROM loans)"),
        bank::total);
    const auto state = reader.text("SELECT snapshot FROM _mailboat_cursor");
    EXPECT_NE(said.output.find("subscription replica at " + state), std::string::npos) << said.output;
    states.insert(state);
  }
  EXPECT_GT(states.size(), 1U);
  put_back(copy);
  tellers.clear();
  EXPECT_EQ(bank::lasting_difference(pipeline_), "") << pipeline_.said();
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "table loaded"), 4) << "nothing is loaded again";
}

TEST_F(LiveBackup, OnADiskThatFillsUpSaysSoAndLeavesNothing) {
  const auto copy = pipeline_.folder() / "copy";
  auto command = backup_to(copy);
  command.insert(command.begin(), {"bash", "-c", "ulimit -S -f 8192 && exec \"$0\" \"$@\""});
  const auto said = run(command);
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_NE(said.errors.find("cannot copy SQLite file '" + pipeline_.file().string()), std::string::npos)
      << said.errors;
  EXPECT_EQ(files_like(copy), 0);
}

TEST_F(LiveBackup, ThatHasNoRoomIsNotBegun) {
  if (!SmallDisk::is_possible()) GTEST_SKIP() << "a disk that is really full needs root, to mount a tmpfs";
  const SmallDisk disk(4 << 20);
  const auto said = run(backup_to(disk.path() / "copy"));
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_NE(said.errors.find("there is no room for '"), std::string::npos) << said.errors;
  EXPECT_EQ(files_like(disk.path() / "copy"), 0);
}

}  // namespace
}  // namespace mailboat::test
