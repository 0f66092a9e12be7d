#include "demo/lag.hpp"

#include <algorithm>

namespace mailboat::demo {
namespace {

std::chrono::milliseconds between(Clock::time_point begin, Clock::time_point end) {
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(end - begin),
                  std::chrono::milliseconds(0));
}

}  // namespace

void Lag::committed(const std::vector<Commit>& commits) {
  for (const auto& commit : commits) {
    waiting_.push_back(commit);
    committed_ += commit.changes;
  }
}

void Lag::reached(const Snapshot& replica, Clock::time_point now) {
  std::erase_if(waiting_, [&](const Commit& commit) {
    if (!replica.covers(commit.transaction)) return false;
    applied_ += commit.changes;
    delays_.push_back(between(commit.when, now));
    return true;
  });
}

std::chrono::milliseconds Lag::behind(Clock::time_point now) const {
  auto oldest = now;
  for (const auto& commit : waiting_) oldest = std::min(oldest, commit.when);
  return between(oldest, now);
}

std::chrono::milliseconds Lag::delay(double share) const {
  if (delays_.empty()) return std::chrono::milliseconds(0);
  auto sorted = delays_;
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace mailboat::demo
