#include "consumer/file_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include "consumer/storage_error.hpp"

namespace mailboat::consumer {

FileLock::FileLock(const std::string& path, const std::string& held_sentence)
    : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
  if (fd_ < 0) {
    throw ReplicaUnavailable("cannot open lock file '" + path +
                             "': " + std::generic_category().message(errno) +
                             ". The folder must exist and be writable");
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(fd_);
  if (error == EWOULDBLOCK) throw Fatal(held_sentence);
  throw ReplicaUnavailable("cannot lock '" + path + "': " + std::generic_category().message(error));
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace mailboat::consumer
