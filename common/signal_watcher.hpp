#pragma once

#include <functional>
#include <initializer_list>
#include <thread>

#include "common/file_descriptor.hpp"

namespace mailboat {

/// Calls a function, in a thread of its own, whenever one of some signals comes.
///
/// Make them in main() before any other thread: threads inherit the signal mask, and a thread that does not
/// block the signals would get them itself. Several watchers do not disturb each other.
/// Source: signal(7), signalfd(2).
class SignalWatcher {
 public:
  using Handler = std::function<void(int signal)>;  ///< does not throw; need not be async-signal-safe

  /// Blocks the signals in the calling thread and starts the thread that waits for them.
  /// Throws Fatal when the kernel gives no file descriptor.
  SignalWatcher(std::initializer_list<int> signals, Handler handler);
  /// Stops waiting. The signals stay blocked: a late one must not end the rest of main().
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void watch() noexcept;

  const Handler handler_;
  FileDescriptor signals_;
  FileDescriptor closing_;
  std::thread watcher_;  // last: it uses everything above
};

}  // namespace mailboat
