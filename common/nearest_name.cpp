#include "common/nearest_name.hpp"

#include <algorithm>

#include "common/option_value.hpp"

namespace mailboat {
namespace {

// The optimal string alignment distance: Levenshtein's, in which two swapped neighbours count as one.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::vector<std::size_t>> cost(one.size() + 1, std::vector<std::size_t>(other.size() + 1));
  for (std::size_t i = 0; i <= one.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= other.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t differs = one[i - 1] == other[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[one.size()][other.size()];
}

// Nobody's slip of the finger is longer, and the cost grows with the square.
constexpr std::size_t longest_name = 100;
// More is another word: session_limit is no slip for message_limit.
constexpr std::size_t most_slips = 3;

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::optional<std::string> nearest;
  if (name.size() > longest_name) return nearest;
  auto least = std::clamp<std::size_t>(name.size() / 3, 1, most_slips) + 1;
  for (const auto& other : known) {
    const auto far = distance(name, other);
    if (far >= least) continue;
    least = far;
    nearest = other;
  }
  return nearest;
}

std::string did_you_mean(std::string_view name) { return " (did you mean " + std::string(name) + "?)"; }

std::string hint_for(std::string_view name, const std::vector<std::string>& known) {
  const auto nearest = nearest_name(name, known);
  return nearest ? did_you_mean(*nearest) : " (known: " + shown(known) + ")";
}

}  // namespace mailboat
