#include "common/signal_watcher.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>

#include "common/error.hpp"

namespace mailboat {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const auto signal : signals) sigaddset(&set, signal);
  return set;
}

FileDescriptor checked(int descriptor, const char* what) {
  if (descriptor < 0) {
    throw Fatal(std::string("cannot prepare for signals: ") + what + ": " +
                std::generic_category().message(errno));
  }
  return FileDescriptor(descriptor);
}

}  // namespace

SignalWatcher::SignalWatcher(std::initializer_list<int> signals, Handler handler)
    : handler_(std::move(handler)), closing_(checked(eventfd(0, EFD_CLOEXEC), "eventfd")) {
  const auto set = set_of(signals);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = checked(signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
  // The thread inherits a mask without gaps: what another watcher waits for must not reach it.
  sigset_t all;
  sigset_t ours;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &ours);
  try {
    watcher_ = std::thread([this] { watch(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &ours, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &ours, nullptr);
}

SignalWatcher::~SignalWatcher() {
  const std::uint64_t one = 1;
  // Writing 1 to an eventfd that holds 0 cannot block or fail. Source: eventfd(2).
  [[maybe_unused]] const auto written = ::write(closing_.get(), &one, sizeof one);
  watcher_.join();
}

void SignalWatcher::watch() noexcept {
  std::array<pollfd, 2> waiting{{{signals_.get(), POLLIN, 0}, {closing_.get(), POLLIN, 0}}};
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;  // EINTR: a debugger or SIGCONT
    if (waiting[1].revents != 0) return;
    signalfd_siginfo received{};
    if (::read(signals_.get(), &received, sizeof received) != sizeof received) continue;
    handler_(static_cast<int>(received.ssi_signo));
  }
}

}  // namespace mailboat
