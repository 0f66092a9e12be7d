#include <SQLiteCpp/SQLiteCpp.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

/// What becomes of the SQLite file behind the consumer's back.
class ReplicaFile : public ItemPipeline {
 protected:
  fs::path copy() const { return pipeline_.folder() / "copy.db"; }
  /// As `sqlite3 FILE ".backup COPY"` does it.
  void make_copy() const {
    SQLite::Database(pipeline_.file().string()).backup(copy().c_str(), SQLite::Database::Save);
  }
  /// The file and what SQLite keeps beside it.
  void remove_file() const {
    for (const std::string suffix : {"", "-wal", "-shm"}) fs::remove(pipeline_.file().string() + suffix);
  }
  void put_copy_back() const {
    remove_file();
    fs::copy_file(copy(), pipeline_.file());
  }
  void stop() {
    pipeline_.consumer().kill(SIGTERM);
    ASSERT_EQ(pipeline_.consumer().wait(std::chrono::seconds(30)), 0) << pipeline_.said();
  }
  /// A copy; and a log that has nothing but a few changes of much later.
  void leave_log_of_last_changes() {
    insert(2000, std::string(500, 'x'));
    follow();
    make_copy();
    pipeline_.sql("UPDATE item SET note = note || '+' WHERE id <= 1500");
    ASSERT_TRUE(becomes_equal());
    stop();  // so that the log has only the last changes
    pipeline_.start_consumer(quick);
    pipeline_.sql("UPDATE item SET note = note || '+' WHERE id > 1990");
    ASSERT_TRUE(becomes_equal());
  }
  void expect_follows_copy() {
    change_everything();
    follow();
    expect_goes_on();
    EXPECT_EQ(pipeline_.replica().text("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(loads(), 1) << "the copy knows where it is: nothing has to be loaded";
  }
  int loads() { return occurrences(pipeline_.producer().errors(), "table loaded"); }
  int sessions_without_cursor() { return occurrences(pipeline_.producer().errors(), "cursor=none"); }
};

TEST_F(ReplicaFile, DeletedWhileTheConsumerIsStoppedIsFilledAnew) {
  insert(10);
  follow();
  pipeline_.kill_consumer();
  remove_file();
  change_everything();
  follow();
  EXPECT_EQ(sessions_without_cursor(), 2) << pipeline_.said();
  expect_goes_on();
}

TEST_F(ReplicaFile, ReplacedByAnOlderCopyWhileTheConsumerIsStoppedCatchesUp) {
  follow();
  insert(10);
  ASSERT_TRUE(becomes_equal());
  make_copy();
  for (int i = 0; i < 3; ++i) change_everything();
  ASSERT_TRUE(becomes_equal());
  pipeline_.kill_consumer();
  put_copy_back();
  change_everything();
  follow();
  EXPECT_EQ(loads(), 1) << "the copy knows where it is: nothing has to be loaded";
}

TEST_F(ReplicaFile, TruncatedToNothingIsFilledAnew) {
  insert(10);
  follow();
  pipeline_.kill_consumer();
  fs::resize_file(pipeline_.file(), 0);
  change_everything();
  follow();
  expect_goes_on();
}

TEST_F(ReplicaFile, TruncatedIsSaidAndFilledAnewOnceItHasBeenMovedAway) {
  insert(2000, std::string(500, 'x'));
  follow();
  stop();
  fs::resize_file(pipeline_.file(), fs::file_size(pipeline_.file()) / 2 / 4096 * 4096);
  change_everything();
  expect_said(pipeline_.start_consumer(quick), "malformed");
  EXPECT_TRUE(pipeline_.consumer().running());

  remove_file();
  EXPECT_TRUE(becomes_equal());
  expect_said(pipeline_.consumer(), "working again");
}

TEST_F(ReplicaFile, DeletedWhileTheConsumerRunsIsSaidAndFilledAnew) {
  insert(10);
  follow();
  remove_file();
  change_everything();
  EXPECT_TRUE(becomes_equal());
  EXPECT_GE(sessions_without_cursor(), 2) << pipeline_.said();
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 1) << pipeline_.said();
  expect_goes_on();
}

// The write-ahead log beside the file belongs to the one that was there: SQLite itself would apply it to any.
TEST_F(ReplicaFile, ReplacedByAnOlderCopyWhileTheConsumerRunsCatchesUp) {
  leave_log_of_last_changes();
  fs::rename(copy(), pipeline_.file());
  expect_follows_copy();
}

TEST_F(ReplicaFile, ReplacedByAnOlderCopyAfterTheConsumerWasKilledCatchesUp) {
  leave_log_of_last_changes();
  pipeline_.kill_consumer();
  fs::rename(copy(), pipeline_.file());
  expect_follows_copy();
}

TEST_F(ReplicaFile, TruncatedWhileTheConsumerRunsIsSaidAndFilledAnewOnceItHasBeenMovedAway) {
  insert(2000, std::string(500, 'x'));
  follow();
  stop();  // and started again: nothing of the file is in its log or its memory
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(pipeline_.consumer().wait_for_output("following"));
  fs::resize_file(pipeline_.file(), 8192);
  pipeline_.sql("UPDATE item SET note = note || '+'");
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("waiting to try again")) << pipeline_.said();
  EXPECT_TRUE(eventually([&] { return pipeline_.status().find("malformed") != std::string::npos; }))
      << pipeline_.status() << pipeline_.said();

  remove_file();
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(eventually([&] { return pipeline_.status().find("malformed") == std::string::npos; }))
      << pipeline_.status();
}

/// A consumer that is not root, whom modes do not bind.
class ReadOnlyFile : public ReplicaFile {
 protected:
  ReadOnlyFile() {
    fs::create_directory(home());
    pipeline_.keep_file_at(home() / "replica.db");
    if (::geteuid() == 0) {
      const passwd* nobody = ::getpwnam("nobody");
      as_nobody_.user = "nobody";
      EXPECT_EQ(::chown(home().c_str(), nobody->pw_uid, nobody->pw_gid), 0);
      fs::permissions(pipeline_.folder(), fs::perms::others_exec, fs::perm_options::add);
    }
    pipeline_.listen_at("tcp://127.0.0.1:" + std::to_string(free_port()));
    pipeline_.start_producer(quick);
  }
  fs::path home() const { return pipeline_.folder() / "home"; }
  void start_as_nobody() { pipeline_.start_consumer_as(pipeline_.consumer_command(quick), as_nobody_); }
  static void make_writable(const fs::path& path, bool writable) {
    const auto write = writable ? fs::perm_options::add : fs::perm_options::remove;
    fs::permissions(path, fs::perms::owner_write, write);
  }
  /// `path` is made read-only while the consumer is stopped, and writable again while it waits.
  void expect_waited_for(const fs::path& path, const std::string& words) {
    start_as_nobody();
    follow();
    insert(3);
    ASSERT_TRUE(becomes_equal());
    stop();
    make_writable(path, false);
    change_everything();
    start_as_nobody();
    expect_said(pipeline_.consumer(), words);
    EXPECT_TRUE(eventually([&] { return pipeline_.status().find(words) != std::string::npos; }))
        << pipeline_.status() << pipeline_.said();
    make_writable(path, true);
    EXPECT_TRUE(becomes_equal());
    EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 1) << pipeline_.said();
    expect_said(pipeline_.consumer(), "working again");
    EXPECT_EQ(pipeline_.status().find(words), std::string::npos) << pipeline_.status();
  }

  Process::Options as_nobody_;
};

TEST_F(ReadOnlyFile, IsSaidOnceAndWaitedFor) {
  expect_waited_for(pipeline_.file(), "Permission denied. The file, its folder");
}

TEST_F(ReadOnlyFile, OrFolderIsSaidOnceAndWaitedFor) {
  expect_waited_for(home(), "attempt to write a readonly database");
}

}  // namespace
}  // namespace mailboat::test
