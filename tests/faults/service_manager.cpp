#include "tests/faults/service_manager.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>

namespace mailboat::test {
namespace {

using std::chrono::seconds;

// One line is a request, one line its answer; whoever asks waits for it.
constexpr auto script = R"sh(#!/bin/sh
here=$(dirname "$0")
echo "$1 $2" > "$here/requests"
read -r answer < "$here/answers"
test "$answer" = done || { echo "systemctl: cannot $1 $2" >&2; exit 1; }
)sh";

// Both ways, so that neither end ever waits for the other to open it.
FileDescriptor make_pipe(const std::filesystem::path& path) {
  FileDescriptor pipe;
  if (::mkfifo(path.c_str(), 0600) == 0) pipe = FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (pipe.get() < 0) throw std::system_error(errno, std::generic_category(), "cannot make a named pipe");
  return pipe;
}

std::string read_line(int pipe, const std::stop_token& stop) {
  constexpr int look_for_stop_ms = 100;
  std::string line;
  while (!stop.stop_requested() && !line.ends_with('\n')) {
    pollfd readable{pipe, POLLIN, 0};
    std::array<char, 256> buffer{};
    if (::poll(&readable, 1, look_for_stop_ms) != 1) continue;
    const auto count = ::read(pipe, buffer.data(), buffer.size());
    if (count > 0) line.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return line;
}

}  // namespace

ServiceManager::ServiceManager(CommandOf command_of) : command_of_(std::move(command_of)) {
  requests_ = make_pipe(programs() / "requests");
  answers_ = make_pipe(programs() / "answers");
  const auto systemctl = programs() / "systemctl";
  std::ofstream(systemctl) << script;
  std::filesystem::permissions(systemctl, std::filesystem::perms::owner_all);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

ServiceManager::~ServiceManager() {
  thread_.request_stop();
  thread_.join();
}

void ServiceManager::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::istringstream request(read_line(requests_.get(), stop));
    std::string what;
    std::string unit;
    if (!(request >> what >> unit)) continue;
    const std::string answer = manage(what, unit) ? "done\n" : "failed\n";
    if (::write(answers_.get(), answer.data(), answer.size()) < 0) return;
  }
}

bool ServiceManager::manage(const std::string& what, const std::string& unit) {
  const std::lock_guard lock(mutex_);
  try {
    if (what != "start") stop(unit);
    if (what == "stop") return true;
    if (what != "start" && what != "restart") return false;
    auto& process = units_[unit];
    if (!process || !process->running()) process = std::make_unique<Process>(command_of_(unit));
    return true;
  } catch (const std::exception& error) {
    return false;
  }
}

void ServiceManager::stop(const std::string& unit) {
  auto& process = units_[unit];
  if (!process) return;
  process->kill(SIGTERM);
  if (!process->wait(seconds(30))) throw std::runtime_error(unit + " did not stop");
}

void ServiceManager::kill(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  units_.erase(unit);
}

bool ServiceManager::is_running(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(unit);
  return found != units_.end() && found->second && found->second->running();
}

std::string ServiceManager::said(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(unit);
  return found == units_.end() || !found->second ? std::string() : found->second->errors();
}

}  // namespace mailboat::test
