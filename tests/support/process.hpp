#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <vector>

#include "common/file_descriptor.hpp"

namespace mailboat::test {

/// A running program. Killed by the destructor, and when this process dies. One thread at a time.
class Process {
 public:
  struct Options {
    std::vector<std::string> environment = {};       ///< NAME=value, on top of ours
    std::optional<std::string> user = std::nullopt;  ///< run as this user; only root can
    int death_signal = SIGKILL;                      ///< what it gets when this process dies
  };

  /// argv[0] is a path, or looked up in PATH; see program() for our own. Throws std::system_error.
  explicit Process(std::vector<std::string> argv) : Process(std::move(argv), Options{}) {}
  Process(std::vector<std::string> argv, const Options& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t id() const { return id_; }
  /// Sends the signal; nothing happens when the program has ended already.
  void kill(int signal);
  /// The exit code, or 128 + signal number as shells say it; nullopt when it still runs after `timeout`.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  bool running() { return !wait(std::chrono::milliseconds(0)); }

  /// Everything written so far.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;
  /// True as soon as `text` stands in the output or the errors; false after `timeout`, or when the program
  /// ended without it.
  bool wait_for_output(std::string_view text, std::chrono::milliseconds timeout = std::chrono::seconds(30));

  /// The highest resident memory so far, in bytes, as the kernel counts it. Of a program that has ended: as
  /// it was a few milliseconds before, if somebody was in wait() then.
  [[nodiscard]] std::uint64_t peak_memory();

 private:
  bool said(std::string_view text) const;

  FileDescriptor output_;
  FileDescriptor errors_;
  pid_t id_ = -1;
  std::optional<int> exit_code_;
  std::uint64_t peak_memory_ = 0;
};

/// The path of one of our own programs, as this build made it.
std::string program(std::string_view name);

/// What a program that has ended said.
struct Finished {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

/// Runs a program to its end. Throws std::runtime_error, with all its output, when it takes longer.
Finished run(std::vector<std::string> argv, const Process::Options& options,
             std::chrono::milliseconds timeout = std::chrono::seconds(60));
inline Finished run(std::vector<std::string> argv) { return run(std::move(argv), Process::Options{}); }

}  // namespace mailboat::test
