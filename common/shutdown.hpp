#pragma once

#include <stop_token>

#include "common/signal_watcher.hpp"

namespace mailboat {

/// Turns SIGTERM and SIGINT into a stop request, so that a daemon can finish what it is doing.
///
/// The first signal requests the stop. A second one ends the process at once with 128 + its number: nothing
/// needs a clean end to be correct. Make one in main() before any other thread: see SignalWatcher, which also
/// says what the constructor throws.
class ShutdownSignal {
 public:
  ShutdownSignal();

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  /// Requests the same stop from inside the program, for example when its work is done.
  void request_stop() { stop_.request_stop(); }

 private:
  void take(int signal);

  std::stop_source stop_;
  bool signalled_ = false;  // the watcher's thread only
  SignalWatcher watcher_;   // last: it uses everything above
};

}  // namespace mailboat
