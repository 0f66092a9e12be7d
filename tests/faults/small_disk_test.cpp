#include "tests/support/small_disk.hpp"

#include <fstream>
#include <optional>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

constexpr std::size_t disk_bytes = 6 << 20;

/// The SQLite file on a disk of a few MiB. (See storage_trouble_test for the same without root.)
class FullDisk : public ItemPipeline {
 protected:
  void SetUp() override {
    if (!SmallDisk::is_possible()) GTEST_SKIP() << "a disk that is really full needs root, to mount a tmpfs";
    disk_.emplace(disk_bytes);
    pipeline_.keep_file_at(disk_->path() / "replica.db");
  }
  void TearDown() override { pipeline_.kill_consumer(); }

  void expect_waits_for_room() {
    expect_said(pipeline_.consumer(), "disk is full");
    EXPECT_TRUE(pipeline_.consumer().running());
  }

  static void fill(const std::filesystem::path& file) {
    std::ofstream stream(file);
    const std::string block(4096, 'x');
    while (stream << block << std::flush) continue;
  }

  std::optional<SmallDisk> disk_;
};

TEST_F(FullDisk, IsSaidOnceAndTheWindowIsAppliedWhenThereIsRoom) {
  follow();
  insert(3, "before");
  ASSERT_TRUE(becomes_equal());
  insert_large(10);
  expect_waits_for_room();
  EXPECT_TRUE(eventually([&] { return pipeline_.status().find("disk is full") != std::string::npos; }))
      << pipeline_.status() << pipeline_.said();
  EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item"), 3) << "half a window is visible";
  change_everything();

  disk_->resize(64 << 20);
  EXPECT_TRUE(becomes_equal());
  expect_said(pipeline_.consumer(), "working again");
  EXPECT_EQ(pipeline_.status().find("disk is full"), std::string::npos) << pipeline_.status();
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 1) << pipeline_.said();
}

TEST_F(FullDisk, KilledOnItAndStartedWithRoomLosesNothing) {
  follow();
  insert_large(10);
  expect_waits_for_room();
  pipeline_.kill_consumer();
  change_everything();
  disk_->resize(64 << 20);
  follow();
}

TEST_F(FullDisk, FromTheVeryBeginningIsWaitedFor) {
  insert(3);
  fill(disk_->path() / "ballast");
  pipeline_.start_producer(quick);
  EXPECT_TRUE(pipeline_.start_consumer(quick).wait_for_output("waiting to try again")) << pipeline_.said();
  std::filesystem::remove(disk_->path() / "ballast");
  follow();
}

TEST_F(FullDisk, OrOneThatTheKernelHasMadeReadOnlyIsWaitedFor) {
  follow();
  insert(3);
  ASSERT_TRUE(becomes_equal());
  pipeline_.kill_consumer();
  disk_->make_read_only();
  change_everything();
  EXPECT_TRUE(pipeline_.start_consumer(quick).wait_for_output("waiting to try again")) << pipeline_.said();
  expect_said(pipeline_.consumer(), "Read-only file system");
  disk_->make_writable();
  EXPECT_TRUE(becomes_equal());
}

}  // namespace
}  // namespace mailboat::test
