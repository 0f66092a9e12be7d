#include "common/shutdown.hpp"

#include <csignal>
#include <unistd.h>

namespace mailboat {

ShutdownSignal::ShutdownSignal() : watcher_({SIGTERM, SIGINT}, [this](int signal) { take(signal); }) {}

void ShutdownSignal::take(int signal) {
  if (signalled_) ::_exit(128 + signal);
  signalled_ = true;
  stop_.request_stop();
}

}  // namespace mailboat
