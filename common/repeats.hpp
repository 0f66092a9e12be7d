#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mailboat {

/// Decides which of the things that come again and again are said: the first few of each at once, then one
/// after a minute, two, four, and so on up to an hour. Counts what is left out. What has not come for a
/// minute is over, and said at once when it comes anew. Knows the time only from its caller; one thread.
class Repeats {
 public:
  using Clock = std::chrono::steady_clock;

  /// `at_once` of each, at least 1, are said without a pause.
  explicit Repeats(std::uint32_t at_once = 1) : at_once_(at_once) {}

  /// `what` has come: how many were left out since it was last said if it is to be said now, nullopt if it is
  /// left out.
  std::optional<std::uint64_t> came(const std::string& what, Clock::time_point now);

  /// Something that has been left out and is over, and how many; nullopt when there is none. It is forgotten.
  struct LeftOut {
    std::string what;
    std::uint64_t count;
  };
  std::optional<LeftOut> next_over(Clock::time_point now);
  /// The same, over or not.
  std::optional<LeftOut> next_left_out();

  [[nodiscard]] std::size_t size() const { return known_.size(); }
  [[nodiscard]] bool empty() const { return known_.empty(); }

 private:
  struct State {
    std::uint32_t said = 0;
    std::uint64_t left_out = 0;
    std::chrono::seconds pause{};
    Clock::time_point said_at{};
    Clock::time_point came_at{};
  };
  static bool is_over(const State& state, Clock::time_point now);

  std::uint32_t at_once_;
  std::map<std::string, State> known_;
};

/// `it has been silent for 5012 ms` and the same with another number are one thing: without its digits.
[[nodiscard]] std::string without_digits(std::string_view text);

}  // namespace mailboat
