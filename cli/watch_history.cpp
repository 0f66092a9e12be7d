#include "cli/watch_history.hpp"

#include <algorithm>

namespace mailboat::cli {
namespace {

constexpr std::size_t most_looks = 120;

}  // namespace

void WatchHistory::remember(Lags& lags, std::optional<std::int64_t> lag) {
  lags.push_back(lag);
  if (lags.size() > most_looks) lags.pop_front();
}

void WatchHistory::add(Clock::time_point now, const StatusReport& report) {
  const auto& all = report.subscriptions;
  std::erase_if(subscriptions_, [&all](const auto& known) {
    return std::none_of(all.begin(), all.end(),
                        [&](const auto& status) { return status.name == known.first; });
  });
  for (const auto& status : all) {
    auto& seen = subscriptions_[status.name];
    remember(seen.lags, status.lag_events);
    seen.acknowledged.add(now, static_cast<std::uint64_t>(status.acked_event_id));
  }
  captured_.add(now, static_cast<std::uint64_t>(report.log.last_event_id));
}

void WatchHistory::add_gap() {
  for (auto& [name, seen] : subscriptions_) remember(seen.lags, std::nullopt);
}

const WatchHistory::Lags& WatchHistory::lags(const std::string& subscription) const {
  static const Lags none;
  const auto found = subscriptions_.find(subscription);
  return found == subscriptions_.end() ? none : found->second.lags;
}

double WatchHistory::acknowledged_per_second(const std::string& subscription) const {
  const auto found = subscriptions_.find(subscription);
  return found == subscriptions_.end() ? 0 : found->second.acknowledged.per_second();
}

}  // namespace mailboat::cli
