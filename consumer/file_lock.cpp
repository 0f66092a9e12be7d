#include "consumer/file_lock.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "common/file_descriptor.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

// A process that was killed holds its locks until the kernel has taken it apart, which its supervisor may not
// wait for.
constexpr std::chrono::seconds patience{3};
constexpr std::chrono::milliseconds retry_interval{20};

// 0, or the errno of the last try.
int take(int fd) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return errno;
    std::this_thread::sleep_for(retry_interval);
  }
  return 0;
}

// Empty when there is no such file.
std::string read_note(int fd) {
  std::array<char, 256> buffer{};
  const auto count = ::pread(fd, buffer.data(), buffer.size(), 0);
  return count <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(count));
}

}  // namespace

FileLock::FileLock(const std::string& path, const std::string& held_sentence)
    : path_(path), fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
  if (fd_ < 0 && errno == ENOENT)
    throw Fatal("there is no folder for '" + path + "'. Create it, or correct --database");
  if (fd_ < 0) {
    throw ReplicaUnavailable("cannot open lock file '" + path +
                             "': " + std::generic_category().message(errno) +
                             ". The folder must exist and be writable");
  }
  const int error = take(fd_);
  if (error == 0) return;
  ::close(fd_);
  if (error == EWOULDBLOCK) throw Fatal(held_sentence);
  throw ReplicaUnavailable("cannot lock '" + path + "': " + std::generic_category().message(error));
}

bool FileLock::is_in_place() const {
  struct stat held {};
  struct stat found {};
  return ::fstat(fd_, &held) == 0 && ::stat(path_.c_str(), &found) == 0 && held.st_dev == found.st_dev &&
         held.st_ino == found.st_ino;
}

std::string FileLock::note_in(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return read_note(file.get());
}

std::string FileLock::note() const { return read_note(fd_); }

void FileLock::note(const std::string& text) {
  const bool cleared = ::ftruncate(fd_, 0) == 0;
  // What a full disk cuts off names no file: that is as if nothing had been noted.
  [[maybe_unused]] const auto written = cleared ? ::pwrite(fd_, text.data(), text.size(), 0) : 0;
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace mailboat::consumer
