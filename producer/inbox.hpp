#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <utility>

#include "common/messages.hpp"

namespace mailboat::producer {

/// What reaches a session's thread from outside: its consumer's messages, and "something may have been
/// committed". Any thread pushes and wakes; one thread (the session's) takes and waits.
class Inbox {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bytes`: how large the message was. False, and it is not taken, when more waits than a consumer that
  /// keeps to the protocol can have said.
  bool push(FromConsumer message, std::size_t bytes = 0) {
    const std::lock_guard lock(mutex_);
    if (messages_.size() >= most_messages || bytes_ + bytes > most_bytes) return false;
    messages_.push_back(std::move(message));
    bytes_ += bytes;
    changed_.notify_one();
    return true;
  }

  /// As if a Goodbye had come, which is always taken.
  void push_goodbye() {
    const std::lock_guard lock(mutex_);
    messages_.push_back(Goodbye{});
    changed_.notify_one();
  }

  /// Remembered until clear_wake(): a wake-up between a poll and the wait that follows it is not lost.
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }

  /// Call before polling; a wake() from then on ends the next wait_for_wake(). True when there was a wake-up
  /// since the last call.
  bool clear_wake() {
    const std::lock_guard lock(mutex_);
    return std::exchange(woken_, false);
  }

  std::deque<FromConsumer> take() {
    const std::lock_guard lock(mutex_);
    bytes_ = 0;
    return std::exchange(messages_, {});
  }

  /// Returns at a message, a wake-up, a stop, or after `timeout`: false when it was neither of the first two.
  bool wait_for_wake(std::stop_token stop, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, stop, timeout, [this] { return woken_ || !messages_.empty(); });
  }

  /// Returns at a message, a stop, or after `timeout`: false when there was no message.
  bool wait_for_message(std::stop_token stop, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, stop, timeout, [this] { return !messages_.empty(); });
  }

 private:
  static constexpr std::size_t most_messages = 10'000;
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<FromConsumer> messages_;  // guarded by mutex_
  std::size_t bytes_ = 0;              // of messages_; guarded by mutex_
  bool woken_ = false;                 // guarded by mutex_
};

}  // namespace mailboat::producer
