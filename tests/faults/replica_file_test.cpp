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
  pipeline_.consumer().kill(SIGTERM);
  ASSERT_EQ(pipeline_.consumer().wait(std::chrono::seconds(30)), 0);
  fs::resize_file(pipeline_.file(), fs::file_size(pipeline_.file()) / 2 / 4096 * 4096);
  change_everything();
  expect_said(pipeline_.start_consumer(quick), "malformed");
  EXPECT_TRUE(pipeline_.consumer().running());

  remove_file();
  EXPECT_TRUE(becomes_equal());
  expect_said(pipeline_.consumer(), "working again");
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
  void make_writable(bool writable) const {
    const auto write = writable ? fs::perm_options::add : fs::perm_options::remove;
    for (const auto& entry : fs::directory_iterator(home()))
      fs::permissions(entry, fs::perms::owner_write, write);
    fs::permissions(home(), fs::perms::owner_write, write);
  }

  Process::Options as_nobody_;
};

TEST_F(ReadOnlyFile, IsSaidOnceAndWaitedFor) {
  start_as_nobody();
  follow();
  insert(3);
  ASSERT_TRUE(becomes_equal());
  pipeline_.consumer().kill(SIGTERM);
  ASSERT_EQ(pipeline_.consumer().wait(std::chrono::seconds(30)), 0);
  make_writable(false);
  change_everything();
  start_as_nobody();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("waiting to try again")) << pipeline_.said();
  make_writable(true);
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 1) << pipeline_.said();
  expect_said(pipeline_.consumer(), "working again");
}

}  // namespace
}  // namespace mailboat::test
