#pragma once

#include "common/blocked_signals.hpp"

namespace mailboat {

/// SIGHUP as a question that a daemon's loop asks: is something to be read again? Make it in main() before
/// any other thread: see BlockedSignals. came() belongs to one thread.
class HangupSignal {
 public:
  /// Throws what BlockedSignals does.
  HangupSignal();

  /// True once for all signals since the last call. Returns at once.
  [[nodiscard]] bool came() const;

 private:
  BlockedSignals signals_;
};

}  // namespace mailboat
