#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>

#include "common/file_descriptor.hpp"

namespace mailboat {

/// Signals that are read instead of doing what they would do. Make it in main() before any other thread:
/// threads inherit the signal mask, and one that does not block the signals would get them itself.
/// Source: signal(7), signalfd(2).
class BlockedSignals {
 public:
  /// Blocks them in the calling thread; they stay blocked after this object's end. Throws Fatal when the
  /// kernel gives no file descriptor.
  explicit BlockedSignals(std::initializer_list<int> signals);

  /// The next one that has come. Returns at once.
  [[nodiscard]] std::optional<int> next() const;
  /// To be polled: readable when one has come.
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Unblocks, in the calling thread, those that were not blocked before.
  void unblock() const;

 private:
  sigset_t newly_blocked_{};
  FileDescriptor fd_;
};

}  // namespace mailboat
