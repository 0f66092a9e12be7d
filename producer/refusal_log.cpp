#include "producer/refusal_log.hpp"

#include "common/log.hpp"

namespace mailboat::producer {
namespace {

// A reason that has not come again for so long is over. Consumers wait a few seconds between their tries.
constexpr std::chrono::minutes over_after{1};
// Anybody can name subscriptions that there are not.
constexpr std::size_t most_subscriptions = 1000;

}  // namespace

void RefusalLog::refused(const std::string& subscription, const std::string& reason) {
  if (!is_news(subscription, reason, Clock::now())) return;
  log::warn("session refused", {{"subscription", subscription}, {"reason", reason}});
}

bool RefusalLog::is_news(const std::string& subscription, const std::string& reason, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto known = last_.find(subscription);
  const bool news =
      known == last_.end() || known->second.reason != reason || now - known->second.heard_at > over_after;
  if (known == last_.end() && last_.size() >= most_subscriptions) last_.clear();
  last_.insert_or_assign(subscription, Last{reason, now});
  return news;
}

}  // namespace mailboat::producer
