#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::demo {

/// mailboat as a user runs it: its three programs, as processes.
class Pipeline {
 public:
  Pipeline(std::string conninfo, std::filesystem::path replica);
  /// Ends both daemons.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Runs `mailboat ARGUMENTS`. Throws Error with what it said when it fails.
  void command(const std::vector<std::string>& arguments);

  void start_producer();
  void start_consumer(const std::vector<std::string>& more_arguments = {});
  void kill_consumer();
  void stop_consumer();
  /// Throws Error, with its last words, when a daemon has ended that should run.
  void require_running();
  /// True when the consumer has ended well; throws Error when it has failed.
  bool consumer_is_done();

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint64_t producer_memory() const { return producer_->peak_memory(); }
  [[nodiscard]] std::uint64_t consumer_memory() const { return consumer_->peak_memory(); }

 private:
  [[nodiscard]] std::unique_ptr<test::Process> start(std::vector<std::string> argv) const;

  std::string conninfo_;
  std::filesystem::path replica_;
  test::TempDir directory_{"feed"};
  std::string endpoint_ = "ipc://" + (directory_.path() / "feed").string();
  std::unique_ptr<test::Process> producer_;
  std::unique_ptr<test::Process> consumer_;
};

}  // namespace mailboat::demo
