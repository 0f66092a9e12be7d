#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace mailboat::producer {

/// Tells the operator why a subscription is not served: once per reason, and not each time that its consumer
/// tries again, which is every few seconds. Any thread.
class RefusalLog {
 public:
  using Clock = std::chrono::steady_clock;

  void refused(const std::string& subscription, const std::string& reason);

  /// Whether it is to be said at `now`: the reason is another one, or the last one is over. Without a log,
  /// for tests.
  bool is_news(const std::string& subscription, const std::string& reason, Clock::time_point now);

 private:
  struct Last {
    std::string reason;
    Clock::time_point heard_at;
  };
  std::mutex mutex_;
  std::map<std::string, Last> last_;  // guarded by mutex_
};

}  // namespace mailboat::producer
