// A copy of a replica's file: what it holds, what it does to the original, and what is refused.
#include "consumer/backup.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A replica of some 20 MiB: several steps of a backup.
class ReplicaBackup : public ReplicaFixture {
 protected:
  ReplicaBackup() {
    window(2, [this] {
      for (int key = 1; key <= rows_before; ++key) upsert(2, key, std::string(10'000, 'x'));
    });
  }

  Backup back_up_to(const fs::path& to) const { return back_up(file, to.string(), ignore, {}); }
  static void ignore(std::int64_t, std::int64_t) {}
  /// What is beside the original now and was not there when the test began.
  [[nodiscard]] std::vector<std::string> new_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(copy.parent_path())) {
      if (!entry.path().filename().string().starts_with(fs::path(file).filename().string()))
        names.push_back(entry.path().filename());
    }
    return names;
  }
  void expect_refused(const std::string& from, const fs::path& to, const std::string& words) const {
    EXPECT_THAT([&] { back_up(from, to.string(), ignore, {}); }, ThrowsMessage<Error>(HasSubstr(words)));
  }

  static constexpr int rows_before = 2000;
  const fs::path copy = fs::path(file).parent_path() / "copy.db";
};

TEST_F(ReplicaBackup, EndsBesideAConsumerThatCommitsAtEveryStepAndHoldsTheMomentItBegan) {
  EventId id = 2;
  const auto made = back_up(file, copy.string(),
                            [&](std::int64_t, std::int64_t) {
                              if (++id > 100) throw std::runtime_error("it begins again and again");
                              window(id, [&] {
                                upsert(id, 1, "later");
                                upsert(id, rows_before + static_cast<int>(id), "later");
                              });
                            },
                            {});
  EXPECT_GT(id, 5U) << "too few steps for the test to mean anything";
  const test::SqliteReader reader(copy);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), rows_before);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t WHERE v = 'later'"), 0);
  EXPECT_EQ(reader.text("SELECT last_event_id FROM _mailboat_cursor"), "2");
  ASSERT_EQ(made.holds.size(), 1U);
  EXPECT_EQ(made.holds[0].subscription, reader.text("SELECT subscription FROM _mailboat_cursor"));
  EXPECT_EQ(made.holds[0].cursor.snapshot.to_string(), reader.text("SELECT snapshot FROM _mailboat_cursor"));
  EXPECT_EQ(made.holds[0].last_event_id, 2U);
  EXPECT_EQ(made.bytes, static_cast<std::int64_t>(fs::file_size(copy)));
}

TEST_F(ReplicaBackup, IsOneFileThatCanBeReadWithoutWritingAnything) {
  back_up_to(copy);
  EXPECT_THAT(new_files(), ::testing::ElementsAre("copy.db"));
  const test::SqliteReader reader(copy);
  EXPECT_EQ(reader.text("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(reader.text("PRAGMA integrity_check"), "ok");
  EXPECT_THAT(new_files(), ::testing::ElementsAre("copy.db"));
}

TEST_F(ReplicaBackup, MayBeUsedByWhomTheOriginalMayBe) {
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const auto owner = ::geteuid() == 0 ? 65534U : ::geteuid();
  const auto group = ::geteuid() == 0 ? 65534U : ::getegid();
  ASSERT_EQ(::chown(file.c_str(), owner, group), 0);
  back_up_to(copy);
  struct stat info {};
  ASSERT_EQ(::stat(copy.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
  EXPECT_EQ(info.st_uid, owner);
  EXPECT_EQ(info.st_gid, group);
}

TEST_F(ReplicaBackup, OfAReplicaThatHasAppliedNothingSaysSo) {
  const auto empty = (fs::path(file).parent_path() / "empty.db").string();
  const Replica other({empty, "other", {}});
  EXPECT_TRUE(back_up(empty, copy.string(), ignore, {}).holds.empty());
}

TEST_F(ReplicaBackup, ReplacesNothing) {
  std::ofstream(copy) << "precious";
  expect_refused(file, copy, "exists already, and nothing is overwritten. Give another name");
  std::ifstream stream(copy);
  std::string content;
  stream >> content;
  EXPECT_EQ(content, "precious");
  expect_refused(file, file, "exists already");
}

TEST_F(ReplicaBackup, ReplacesNothingThatComesMeanwhile) {
  EXPECT_THAT(
      [&] {
        back_up(file, copy.string(), [&](std::int64_t, std::int64_t) { std::ofstream(copy) << "precious"; },
                {});
      },
      ThrowsMessage<Error>(HasSubstr("exists already")));
  EXPECT_THAT(new_files(), ::testing::ElementsAre("copy.db"));
  EXPECT_EQ(fs::file_size(copy), 8U);
}

TEST_F(ReplicaBackup, RefusesWhatIsNoReplica) {
  const auto folder = copy.parent_path();
  expect_refused((folder / "none.db").string(), copy, "there is no file '");
  expect_refused(folder.string(), copy, "is not a file");
  const auto text = folder / "text.db";
  std::ofstream(text) << std::string(5000, 'x');
  expect_refused(text.string(), copy, "is not a SQLite database");
  const auto foreign = folder / "foreign.db";
  SQLite::Database(foreign.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE mine (id)");
  expect_refused(foreign.string(), copy, "is no replica of mailboat's");
  EXPECT_FALSE(fs::exists(copy));
}

TEST_F(ReplicaBackup, RefusesAFolderThatIsNotThere) {
  expect_refused(file, copy.parent_path() / "none" / "copy.db", "there is no folder for '");
}

TEST_F(ReplicaBackup, RefusesADamagedFileAndLeavesNothing) {
  replica.reset();
  const auto damaged = copy.parent_path() / "damaged.db";
  fs::copy_file(file, damaged);
  std::fstream stream(damaged, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(10 * 4096) << std::string(3 * 4096, 'x') << std::flush;
  expect_refused(damaged.string(), copy, "is damaged: ");
  EXPECT_THAT(new_files(), ::testing::ElementsAre("damaged.db"));
}

TEST_F(ReplicaBackup, ThatIsInterruptedLeavesNothing) {
  std::stop_source stop;
  EXPECT_THAT(
      [&] {
        back_up(
            file, copy.string(), [&](std::int64_t, std::int64_t) { stop.request_stop(); }, stop.get_token());
      },
      ThrowsMessage<Error>(HasSubstr("interrupted")));
  EXPECT_THAT(
      [&] {
        back_up(
            file, copy.string(),
            [&](std::int64_t done, std::int64_t all) {
              if (done == all) stop.request_stop();
            },
            stop.get_token());
      },
      ThrowsMessage<Error>(HasSubstr("interrupted")))
      << "while the copy is checked";
  EXPECT_TRUE(new_files().empty());
}

// SQLite would take the log that lies there for the file's own, and the copy would be a mixture.
TEST_F(ReplicaBackup, RefusesAFileBesideWhichTheLogOfAnotherLies) {
  back_up_to(copy);
  window(3, [this] { upsert(3, 1, "in the log"); });
  fs::rename(copy, file);
  expect_refused(file, copy, "is the log of the file before. Start its consumer");
}

}  // namespace
}  // namespace mailboat::consumer
