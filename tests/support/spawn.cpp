#include "tests/support/spawn.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <future>
#include <grp.h>
#include <mutex>
#include <pwd.h>
#include <queue>
#include <sys/prctl.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace mailboat::test {
namespace {

/// Linux sends the parent-death signal when the forking *thread* ends. So all forks happen on one thread that
/// lives as long as this process.
class ForkingThread {
 public:
  pid_t run(std::function<pid_t()> fork_and_exec) {
    std::packaged_task<pid_t()> task(std::move(fork_and_exec));
    auto result = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push(std::move(task));
    }
    arrived_.notify_one();
    return result.get();
  }

 private:
  void loop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (arrived_.wait(lock, stop, [this] { return !tasks_.empty(); })) {
      auto task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::queue<std::packaged_task<pid_t()>> tasks_;
  std::jthread thread_{[this](const std::stop_token& stop) { loop(stop); }};  // last: it uses all the others
};

/// Everything the child needs, made before the fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::optional<passwd> user;
  int stdin_fd;
  int stdout_fd;
  int stderr_fd;
  int death_signal;
  pid_t parent;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  return result;
}

std::vector<char*> merged_environment(const std::vector<std::string>& ours) {
  auto result = pointers(ours);
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    const auto name_length = std::strcspn(*inherited, "=") + 1;
    bool replaced = false;
    for (const auto& own : ours)
      replaced = replaced || own.compare(0, name_length, *inherited, name_length) == 0;
    if (!replaced) result.push_back(*inherited);
  }
  return result;
}

passwd find_user(const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) {
    throw std::system_error(ENOENT, std::generic_category(), "no user '" + name + "' on this machine");
  }
  return *entry;
}

Prepared prepare(const SpawnRequest& request) {
  Prepared prepared{pointers(request.argv), merged_environment(request.environment),
                    std::nullopt,           request.stdin_fd,
                    request.stdout_fd,      request.stderr_fd,
                    request.death_signal,   ::getpid()};
  prepared.argv.push_back(nullptr);
  prepared.environment.push_back(nullptr);
  if (request.user) prepared.user = find_user(*request.user);
  return prepared;
}

void redirect(int fd, int target) {
  if (fd >= 0) ::dup2(fd, target);
}

bool become(const passwd& user) {
  return ::setgroups(1, &user.pw_gid) == 0 && ::setgid(user.pw_gid) == 0 && ::setuid(user.pw_uid) == 0;
}

[[noreturn]] void run_child(const Prepared& child) {
  constexpr int cannot_execute = 127;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setsid();
  redirect(child.stdin_fd >= 0 ? child.stdin_fd : ::open("/dev/null", O_RDONLY), STDIN_FILENO);
  redirect(child.stdout_fd, STDOUT_FILENO);
  redirect(child.stderr_fd, STDERR_FILENO);
  if (child.user && !become(*child.user)) ::_exit(cannot_execute);
  if (child.death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, child.death_signal);  // after setuid, which clears it
    if (::getppid() != child.parent) ::_exit(cannot_execute);
  }
  ::execvpe(child.argv[0], child.argv.data(), child.environment.data());
  ::_exit(cannot_execute);
}

}  // namespace

pid_t spawn(const SpawnRequest& request) {
  static ForkingThread forking_thread;
  const auto prepared = prepare(request);
  return forking_thread.run([&prepared]() -> pid_t {
    const pid_t child = ::fork();
    if (child == 0) run_child(prepared);
    if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot start another process");
    return child;
  });
}

}  // namespace mailboat::test
