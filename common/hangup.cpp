#include "common/hangup.hpp"

#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <string>
#include <sys/signalfd.h>
#include <system_error>

#include "common/error.hpp"

namespace mailboat {

HangupSignal::HangupSignal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_.get() < 0)
    throw Fatal("cannot prepare for SIGHUP: signalfd: " + std::generic_category().message(errno));
}

bool HangupSignal::came() const {
  signalfd_siginfo received{};
  bool any = false;
  while (::read(signals_.get(), &received, sizeof received) == sizeof received) any = true;
  return any;
}

}  // namespace mailboat
