#include "common/blocked_signals.hpp"

#include <cerrno>
#include <pthread.h>
#include <string>
#include <sys/signalfd.h>
#include <system_error>

#include "common/error.hpp"

namespace mailboat {

BlockedSignals::BlockedSignals(std::initializer_list<int> signals) {
  sigset_t set;
  sigset_t blocked_before;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked_before);
  sigemptyset(&set);
  sigemptyset(&newly_blocked_);
  for (const int signal : signals) {
    sigaddset(&set, signal);
    if (sigismember(&blocked_before, signal) == 0) sigaddset(&newly_blocked_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (fd_.get() < 0)
    throw Fatal("cannot prepare for signals: signalfd: " + std::generic_category().message(errno));
}

std::optional<int> BlockedSignals::next() const {
  signalfd_siginfo received{};
  if (::read(fd_.get(), &received, sizeof received) != sizeof received) return std::nullopt;
  return static_cast<int>(received.ssi_signo);
}

void BlockedSignals::unblock() const { pthread_sigmask(SIG_UNBLOCK, &newly_blocked_, nullptr); }

}  // namespace mailboat
