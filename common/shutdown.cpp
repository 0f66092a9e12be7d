#include "common/shutdown.hpp"

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

sigset_t shutdown_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

FileDescriptor checked(int descriptor, const char* what) {
  if (descriptor < 0) {
    throw Fatal(std::string("cannot prepare for SIGTERM: ") + what + ": " +
                std::generic_category().message(errno));
  }
  return FileDescriptor(descriptor);
}

}  // namespace

ShutdownSignal::ShutdownSignal() : closing_(checked(eventfd(0, EFD_CLOEXEC), "eventfd")) {
  const auto set = shutdown_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = checked(signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
  watcher_ = std::thread([this] { watch(); });
}

ShutdownSignal::~ShutdownSignal() {
  const std::uint64_t one = 1;
  // Writing 1 to an eventfd that holds 0 cannot block or fail. Source: eventfd(2).
  [[maybe_unused]] const auto written = ::write(closing_.get(), &one, sizeof one);
  watcher_.join();
}

void ShutdownSignal::watch() noexcept {
  std::array<pollfd, 2> waiting{{{signals_.get(), POLLIN, 0}, {closing_.get(), POLLIN, 0}}};
  bool signalled = false;
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;  // EINTR: a debugger or SIGCONT
    if (waiting[1].revents != 0) return;
    signalfd_siginfo received{};
    if (::read(signals_.get(), &received, sizeof received) != sizeof received) continue;
    if (signalled) ::_exit(128 + static_cast<int>(received.ssi_signo));
    signalled = true;
    stop_.request_stop();
  }
}

}  // namespace mailboat
