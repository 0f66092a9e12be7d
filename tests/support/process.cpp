#include "tests/support/process.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "tests/support/eventually.hpp"
#include "tests/support/spawn.hpp"

namespace mailboat::test {
namespace {

constexpr std::uint64_t kibibyte = 1024;

/// A file without a name: the child writes, we read whenever we like, and no pipe ever fills up.
FileDescriptor anonymous_file() {
  FileDescriptor file(::memfd_create("captured", MFD_CLOEXEC));
  if (file.get() < 0) throw std::system_error(errno, std::generic_category(), "cannot capture output");
  return file;
}

std::string contents(const FileDescriptor& file) {
  std::string text;
  char chunk[8192];
  ssize_t count = 0;
  while ((count = ::pread(file.get(), chunk, sizeof chunk, static_cast<off_t>(text.size()))) > 0) {
    text.append(chunk, static_cast<std::size_t>(count));
  }
  return text;
}

/// Between fork and exec a new process still counts our own memory as its own.
bool runs_its_program(pid_t id) {
  std::error_code none;
  const auto program_of = [&none](const std::string& process) {
    return std::filesystem::read_symlink("/proc/" + process + "/exe", none);
  };
  return program_of(std::to_string(id)) != program_of("self");
}

/// A line `VmHWM:     5120 kB` of /proc/PID/status; 0 when the process is gone.
std::uint64_t high_water_mark(pid_t id) {
  if (!runs_its_program(id)) return 0;
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    std::uint64_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes * kibibyte;
  }
  return 0;
}

}  // namespace

Process::Process(std::vector<std::string> argv, const Options& options)
    : output_(anonymous_file()), errors_(anonymous_file()) {
  SpawnRequest request;
  request.argv = std::move(argv);
  request.environment = options.environment;
  request.user = options.user;
  request.stdout_fd = output_.get();
  request.stderr_fd = errors_.get();
  request.death_signal = options.death_signal;
  id_ = spawn(request);
}

Process::~Process() {
  kill(SIGKILL);
  wait(std::chrono::seconds(30));
}

void Process::kill(int signal) {
  if (running()) ::kill(id_, signal);  // not reaped yet, so the id is still this program's
}

std::optional<int> Process::wait(std::chrono::milliseconds timeout) {
  constexpr int signalled = 128;
  const auto ended = [this] {
    if (exit_code_) return true;
    // Never less than before, but for the step from fork to exec, where our own memory stops counting.
    if (const auto now = high_water_mark(id_); now > 0) peak_memory_ = now;
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) != id_) return false;
    exit_code_ = WIFSIGNALED(status) ? signalled + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  };
  eventually(ended, timeout);
  return exit_code_;
}

std::string Process::output() const { return contents(output_); }

std::string Process::errors() const { return contents(errors_); }

bool Process::said(std::string_view text) const {
  return output().find(text) != std::string::npos || errors().find(text) != std::string::npos;
}

bool Process::wait_for_output(std::string_view text, std::chrono::milliseconds timeout) {
  // Asked in this order, so that the last words of a program that has just ended are not missed.
  eventually([&] { return !running() || said(text); }, timeout);
  return said(text);
}

std::uint64_t Process::peak_memory() {
  wait(std::chrono::milliseconds(0));
  return peak_memory_;
}

std::string program(std::string_view name) { return std::string(MAILBOAT_BIN_DIR "/").append(name); }

Finished run(std::vector<std::string> argv, const Process::Options& options,
             std::chrono::milliseconds timeout) {
  const auto name = argv.front();
  Process process(std::move(argv), options);
  const auto exit_code = process.wait(timeout);
  if (!exit_code) {
    throw std::runtime_error(name + " did not end in time; it said:\n" + process.output() + process.errors());
  }
  return {*exit_code, process.output(), process.errors()};
}

}  // namespace mailboat::test
