#include "consumer/paused_loads.hpp"

#include <algorithm>

namespace mailboat::consumer {

bool PausedLoads::pause(const std::string& topic, const std::string& reason, Clock::time_point now) {
  auto& pause = pauses_[topic];
  const bool is_news = pause.reason != reason;
  pause = {reason, now + interval, true};
  return is_news;
}

std::vector<LoadPosition> PausedLoads::with_pauses(std::vector<LoadPosition> loads, Clock::time_point now) {
  std::erase_if(pauses_, [&loads](const auto& entry) {
    return std::none_of(loads.begin(), loads.end(),
                        [&entry](const LoadPosition& load) { return load.topic == entry.first; });
  });
  for (auto& [topic, pause] : pauses_) pause.in_session = pause.until <= now;
  for (auto& load : loads) {
    const auto pause = pauses_.find(load.topic);
    load.paused = pause != pauses_.end() && !pause->second.in_session;
  }
  return loads;
}

bool PausedLoads::session_must_change(Clock::time_point now) const {
  return std::any_of(pauses_.begin(), pauses_.end(), [now](const auto& entry) {
    return entry.second.in_session == (entry.second.until > now);
  });
}

std::string PausedLoads::trouble(Clock::time_point now) const {
  std::string text;
  for (const auto& [topic, pause] : pauses_) {
    if (pause.in_session && pause.until <= now) continue;
    if (!text.empty()) text += "; ";
    text += pause.reason;
  }
  return text;
}

}  // namespace mailboat::consumer
