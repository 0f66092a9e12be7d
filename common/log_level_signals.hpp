#pragma once

#include "common/signal_watcher.hpp"

namespace mailboat {

/// Lets an operator change how much a running daemon logs: SIGUSR1 makes it one level more talkative, SIGUSR2
/// one level less. Each is said in the log, whatever the level. Make one in main() before any other thread.
class LogLevelSignals {
 public:
  LogLevelSignals();

 private:
  SignalWatcher watcher_;
};

}  // namespace mailboat
