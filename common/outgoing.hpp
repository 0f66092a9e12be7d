#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "common/error.hpp"

namespace mailboat {

/// Lets any thread interrupt the poll of the thread that owns the socket.
class WakeUp {
 public:
  WakeUp() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw Unavailable("cannot create an eventfd: too many open files?");
  }
  ~WakeUp() { ::close(fd_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void ring() {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the poll is awake anyway.
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  void reset() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// Messages waiting for the thread that owns a socket: any thread pushes, that one takes, and polls fd()
/// meanwhile.
template <typename Item>
class Outgoing {
 public:
  void push(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    wake_up_.ring();
  }
  std::deque<Item> take() {
    wake_up_.reset();
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }
  [[nodiscard]] int fd() const { return wake_up_.fd(); }

 private:
  WakeUp wake_up_;
  std::mutex mutex_;
  std::deque<Item> items_;
};

}  // namespace mailboat
