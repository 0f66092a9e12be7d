#include "common/signal_watcher.hpp"

#include <array>
#include <csignal>
#include <poll.h>
#include <pthread.h>

namespace mailboat {
SignalWatcher::SignalWatcher(std::initializer_list<int> signals, Handler handler)
    : handler_(std::move(handler)), signals_(signals) {
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
  closing_.ring();
  watcher_.join();
}

void SignalWatcher::watch() noexcept {
  std::array<pollfd, 2> waiting{{{signals_.fd(), POLLIN, 0}, {closing_.fd(), POLLIN, 0}}};
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;  // EINTR: a debugger or SIGCONT
    if (waiting[1].revents != 0) return;
    if (const auto signal = signals_.next()) handler_(*signal);
  }
}

}  // namespace mailboat
