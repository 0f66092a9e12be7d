#include "common/pause.hpp"

#include <condition_variable>
#include <mutex>

namespace mailboat {

void pause(const std::stop_token& stop, std::chrono::microseconds length) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, length, [] { return false; });
}

}  // namespace mailboat
