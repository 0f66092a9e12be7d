#include "producer/retention.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/backoff.hpp"
#include "common/log.hpp"
#include "producer/log_keeper.hpp"
#include "producer/source.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

void pause(const std::stop_token& stop, milliseconds duration) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace

Retention::Retention(std::string conninfo, RetentionLimits limits)
    : conninfo_(std::move(conninfo)),
      limits_(limits),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Retention::run(const std::stop_token& stop) {
  Backoff backoff({.first = milliseconds(500), .longest = milliseconds(30'000)});
  bool complained = false;
  while (!stop.stop_requested()) {
    try {
      auto connection = connect_to_source(conninfo_, "mailboat-producer/retention");
      if (std::exchange(complained, false)) log::info("the log is being kept again");
      backoff.succeeded();
      LogKeeper keeper(connection, limits_);
      while (!stop.stop_requested()) pause(stop, keeper.step());
    } catch (const std::exception& error) {
      if (!std::exchange(complained, true)) log::warn("cannot keep the log", {{"error", error.what()}});
      pause(stop, backoff.next());
    }
  }
}

}  // namespace mailboat::producer
