#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <sys/eventfd.h>
#include <system_error>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"

namespace mailboat {

/// Lets any thread end the poll() of another one, which polls fd() for POLLIN. Source: eventfd(2).
class WakeUp {
 public:
  /// Throws Unavailable when the kernel gives no file descriptor.
  WakeUp() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_.get() < 0)
      throw Unavailable("cannot create an eventfd: " + std::generic_category().message(errno));
  }

  void ring() const {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the poll is awake anyway.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
  }
  void reset() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_.get(), &count, sizeof count);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

}  // namespace mailboat
