#pragma once

#include "common/file_descriptor.hpp"

namespace mailboat {

/// SIGHUP as a question that a daemon's loop asks: is something to be read again? Make it in main() before
/// any other thread, which inherits the signal mask: a thread that does not block the signal would be killed
/// by it. came() belongs to one thread.
class HangupSignal {
 public:
  /// Blocks the signal in the calling thread. Throws Fatal when the kernel gives no file descriptor.
  HangupSignal();

  /// True once for all signals since the last call. Returns at once.
  [[nodiscard]] bool came() const;

 private:
  FileDescriptor signals_;
};

}  // namespace mailboat
