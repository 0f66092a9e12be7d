#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "common/wake_up.hpp"

namespace mailboat {

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
