#pragma once

#include <optional>
#include <signal.h>
#include <string>
#include <sys/types.h>
#include <system_error>
#include <vector>

namespace mailboat::test {

struct SpawnRequest {
  std::vector<std::string> argv;         ///< argv[0] is a path, or looked up in PATH
  std::vector<std::string> environment;  ///< NAME=value, on top of ours
  std::optional<std::string> user;       ///< become this user; only root can
  int stdin_fd = -1;                     ///< -1: nothing to read
  int stdout_fd = -1;                    ///< -1: ours
  int stderr_fd = -1;
  int death_signal = SIGKILL;  ///< what it gets when this process dies, by whatever cause; 0: it lives on
};

/// Starts a program in a session of its own, so that Ctrl-C reaches us and not it. Any thread may call, and
/// may end before the program does. Exit code 127 of the program: it could not be executed.
/// Throws std::system_error when no process can be made or the user does not exist.
pid_t spawn(const SpawnRequest& request);

}  // namespace mailboat::test
