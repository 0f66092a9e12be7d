#pragma once

#include <stop_token>
#include <thread>

#include "common/file_descriptor.hpp"

namespace mailboat {

/// Turns SIGTERM and SIGINT into a stop request, so that a daemon can finish what it is doing.
///
/// The first signal requests the stop. A second one ends the process at once with 128 + its number: nothing
/// needs a clean end to be correct. Make one in main() before any other thread: threads inherit the signal
/// mask, and a thread that does not block the signals would be killed by them.
class ShutdownSignal {
 public:
  /// Blocks both signals in the calling thread and starts the thread that waits for them.
  /// Throws Fatal when the kernel gives no file descriptor.
  ShutdownSignal();
  /// Stops waiting. The signals stay blocked: a late one must not cut off the rest of main().
  ~ShutdownSignal();
  ShutdownSignal(const ShutdownSignal&) = delete;
  ShutdownSignal& operator=(const ShutdownSignal&) = delete;

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  /// Requests the same stop from inside the program, for example when its work is done.
  void request_stop() { stop_.request_stop(); }

 private:
  void watch() noexcept;

  std::stop_source stop_;
  FileDescriptor signals_;
  FileDescriptor closing_;
  std::thread watcher_;  // last: it uses everything above
};

}  // namespace mailboat
