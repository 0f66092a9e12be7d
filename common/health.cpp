#include "common/health.hpp"

#include <utility>

namespace mailboat {

std::optional<std::chrono::seconds> Health::stuck(Clock::time_point now) const {
  const auto silent = now - Clock::time_point(Clock::duration(beat_at_.load()));
  if (silent <= stuck_after) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(silent);
}

void Health::set(const std::string& part, std::string reason) {
  const std::lock_guard lock(mutex_);
  reasons_[part] = std::move(reason);
}

std::string Health::unready() const {
  const std::lock_guard lock(mutex_);
  if (reasons_.empty()) return "it has only just begun";
  std::string sentence;
  for (const auto& [part, reason] : reasons_) {
    if (reason.empty()) continue;
    if (!sentence.empty()) sentence += "; ";
    if (!part.empty()) sentence += part + ": ";
    sentence += reason;
  }
  return sentence;
}

}  // namespace mailboat
