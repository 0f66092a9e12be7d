#include "common/repeats.hpp"

#include <algorithm>
#include <utility>

namespace mailboat {
namespace {

constexpr std::chrono::minutes first_pause{1};
constexpr std::chrono::hours longest_pause{1};
constexpr std::chrono::minutes over_after{1};

}  // namespace

bool Repeats::is_over(const State& state, Clock::time_point now) { return now - state.came_at > over_after; }

std::optional<std::uint64_t> Repeats::came(const std::string& what, Clock::time_point now) {
  auto& state = known_[what];
  if (is_over(state, now)) {
    const auto left_out = state.left_out;
    state = {};
    state.left_out = left_out;
  }
  state.came_at = now;
  const bool is_said = state.said < at_once_ || now - state.said_at >= state.pause;
  if (!is_said) {
    ++state.left_out;
    return std::nullopt;
  }
  ++state.said;
  state.said_at = now;
  if (state.said >= at_once_) {
    state.pause = state.pause.count() == 0 ? std::chrono::seconds(first_pause)
                                           : std::min<std::chrono::seconds>(state.pause * 2, longest_pause);
  }
  return std::exchange(state.left_out, 0);
}

std::optional<Repeats::LeftOut> Repeats::next_over(Clock::time_point now) {
  std::erase_if(
      known_, [now](const auto& entry) { return entry.second.left_out == 0 && is_over(entry.second, now); });
  const auto found = std::find_if(known_.begin(), known_.end(), [now](const auto& entry) {
    return entry.second.left_out > 0 && is_over(entry.second, now);
  });
  if (found == known_.end()) return std::nullopt;
  const LeftOut left_out{found->first, found->second.left_out};
  known_.erase(found);
  return left_out;
}

std::optional<Repeats::LeftOut> Repeats::next_left_out() {
  while (!known_.empty()) {
    const auto first = known_.begin();
    const LeftOut left_out{first->first, first->second.left_out};
    known_.erase(first);
    if (left_out.count > 0) return left_out;
  }
  return std::nullopt;
}

std::string without_digits(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) result += c;
    if (is_digit && !result.ends_with('#')) result += '#';
  }
  return result;
}

}  // namespace mailboat
