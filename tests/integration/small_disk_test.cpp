#include "tests/support/small_disk.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <unistd.h>

#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

std::size_t write_until_full(const std::filesystem::path& file) {
  std::ofstream stream(file, std::ios::binary);
  const std::string block(4096, 'x');
  std::size_t written = 0;
  while (stream.write(block.data(), static_cast<std::streamsize>(block.size())).flush())
    written += block.size();
  return written;
}

TEST(SmallDisk, IsFullAfterItsBytesAndHasRoomOnceItIsLarger) {
  if (!SmallDisk::is_possible()) GTEST_SKIP() << "mounting a tmpfs needs root";
  SmallDisk disk(1 << 20);
  EXPECT_EQ(write_until_full(disk.path() / "file"), 1U << 20);
  EXPECT_EQ(disk.free_bytes(), 0U);
  disk.resize(2 << 20);
  EXPECT_EQ(disk.free_bytes(), 1U << 20);
  EXPECT_EQ(std::filesystem::file_size(disk.path() / "file"), 1U << 20);
}

TEST(SmallDisk, MayTurnReadOnly) {
  if (!SmallDisk::is_possible()) GTEST_SKIP() << "mounting a tmpfs needs root";
  SmallDisk disk(1 << 20);
  disk.make_read_only();
  EXPECT_FALSE(std::ofstream(disk.path() / "file").is_open());
  disk.make_writable();
  EXPECT_TRUE(std::ofstream(disk.path() / "file").is_open());
}

/// Not a test by itself: the next one runs it in another process, and kills that.
TEST(SmallDisk, DISABLED_StaysUntilKilled) {
  const SmallDisk disk(1 << 20);
  std::cout << "disk at " << disk.path().string() << std::endl;
  pause();
}

TEST(SmallDisk, IsGoneWhenTheTestIsKilled) {
  if (!SmallDisk::is_possible()) GTEST_SKIP() << "mounting a tmpfs needs root";
  Process other({std::filesystem::read_symlink("/proc/self/exe"), "--gtest_also_run_disabled_tests",
                 "--gtest_filter=SmallDisk.DISABLED_StaysUntilKilled"});
  ASSERT_TRUE(other.wait_for_output("disk at ")) << other.output() << other.errors();
  const auto said = other.output();
  const auto begin = said.find("disk at ") + 8;
  const std::filesystem::path place = said.substr(begin, said.find('\n', begin) - begin);
  ASSERT_TRUE(std::filesystem::exists(place)) << place;

  other.kill(SIGKILL);
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(place.parent_path()); }));
}

}  // namespace
}  // namespace mailboat::test
