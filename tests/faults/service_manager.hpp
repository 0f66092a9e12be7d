#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/file_descriptor.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// Stands in for systemd: a program `systemctl` that starts, stops and restarts units, which are processes of
/// ours. Any thread.
class ServiceManager {
 public:
  /// What a unit executes; throws when there is no such unit.
  using CommandOf = std::function<std::vector<std::string>(const std::string& unit)>;
  explicit ServiceManager(CommandOf command_of);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// The folder with `systemctl`, for PATH.
  [[nodiscard]] const std::filesystem::path& programs() const { return folder_.path(); }

  /// `what`: start, stop or restart. Starting what runs, and stopping what does not, does nothing. False when
  /// it cannot be done.
  bool manage(const std::string& what, const std::string& unit);
  /// As a crash does it.
  void kill(const std::string& unit);
  [[nodiscard]] bool is_running(const std::string& unit);
  /// What a unit that was started has said since then.
  [[nodiscard]] std::string said(const std::string& unit);

 private:
  void stop(const std::string& unit);
  void serve(const std::stop_token& stop);

  const CommandOf command_of_;
  const TempDir folder_{"services"};
  FileDescriptor requests_;
  FileDescriptor answers_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Process>> units_;  // guarded by mutex_
  std::jthread thread_;                                    // last: it uses everything above
};

}  // namespace mailboat::test
