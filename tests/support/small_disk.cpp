#include "tests/support/small_disk.hpp"

#include <cerrno>
#include <string>
#include <sys/mount.h>
#include <system_error>

namespace mailboat::test {
namespace {

void mount_tmpfs(const std::filesystem::path& place, std::size_t bytes, unsigned long flags) {
  const auto options = "mode=1777,size=" + std::to_string(bytes);
  if (::mount("tmpfs", place.c_str(), "tmpfs", flags, options.c_str()) == 0) return;
  throw std::system_error(errno, std::generic_category(), "cannot mount a tmpfs at " + place.string());
}

}  // namespace

bool SmallDisk::is_possible() {
  try {
    const SmallDisk tried(1 << 20);
    return true;
  } catch (const std::system_error& not_allowed) {
    return false;
  }
}

SmallDisk::SmallDisk(std::size_t bytes) : bytes_(bytes) { mount_tmpfs(path(), bytes, 0); }

SmallDisk::~SmallDisk() { ::umount2(path().c_str(), MNT_DETACH); }

std::size_t SmallDisk::free_bytes() const { return std::filesystem::space(path()).available; }

void SmallDisk::remount(unsigned long flags) { mount_tmpfs(path(), bytes_, MS_REMOUNT | flags); }

void SmallDisk::resize(std::size_t bytes) {
  bytes_ = bytes;
  remount(0);
}

void SmallDisk::make_read_only() { remount(MS_RDONLY); }

void SmallDisk::make_writable() { remount(0); }

}  // namespace mailboat::test
