#pragma once

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// A file system of its own that holds a few MiB: a tmpfs. What is written beyond that fails as on any full
/// disk. Unmounted by the destructor, and when this process is killed.
class SmallDisk {
 public:
  /// False where this process may not mount: a test that needs one skips itself aloud then.
  [[nodiscard]] static bool is_possible();

  /// Throws std::system_error when it cannot be mounted.
  explicit SmallDisk(std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// A folder that every user may write to.
  [[nodiscard]] const std::filesystem::path& path() const { return place_.path(); }
  [[nodiscard]] std::size_t free_bytes() const;

  /// Makes it that large, with its files in it.
  void resize(std::size_t bytes);
  /// As a kernel does with a disk that fails: nothing on it can be written any more. Throws
  /// std::system_error while somebody has a file open for writing.
  void make_read_only();
  void make_writable();

 private:
  void remount(unsigned long flags);

  TempDir place_{"disk"};
  std::size_t bytes_;
};

}  // namespace mailboat::test
