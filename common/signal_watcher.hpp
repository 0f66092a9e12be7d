#pragma once

#include <functional>
#include <initializer_list>
#include <thread>

#include "common/blocked_signals.hpp"
#include "common/wake_up.hpp"

namespace mailboat {

/// Calls a function, in a thread of its own, whenever one of some signals comes.
///
/// Make them in main() before any other thread: see BlockedSignals. Several watchers do not disturb each
/// other.
class SignalWatcher {
 public:
  using Handler = std::function<void(int signal)>;  ///< does not throw; need not be async-signal-safe

  /// Blocks the signals in the calling thread and starts the thread that waits for them.
  /// Throws Fatal or Unavailable when the kernel gives no file descriptor.
  SignalWatcher(std::initializer_list<int> signals, Handler handler);
  /// Stops waiting. The signals stay blocked: a late one must not end the rest of main().
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void watch() noexcept;

  const Handler handler_;
  const BlockedSignals signals_;
  const WakeUp closing_;
  std::thread watcher_;  // last: it uses everything above
};

}  // namespace mailboat
