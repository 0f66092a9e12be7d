#include "cli/sparkline.hpp"

#include <algorithm>
#include <array>

namespace mailboat::cli {
namespace {

constexpr std::array<const char*, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> letters{"_", ".", ":", "-", "=", "+", "*", "#"};

std::size_t level(std::int64_t value, std::int64_t highest) {
  if (value <= 0) return 0;
  const auto part = static_cast<double>(value) / static_cast<double>(highest);
  return 1 + static_cast<std::size_t>(part * static_cast<double>(blocks.size() - 2) + 0.5);
}

}  // namespace

std::string sparkline(const std::deque<std::optional<std::int64_t>>& values, std::size_t width, bool utf8) {
  const auto shown = std::min(width, values.size());
  const auto first = values.end() - static_cast<std::ptrdiff_t>(shown);
  std::int64_t highest = 1;
  for (auto value = first; value != values.end(); ++value) highest = std::max(highest, value->value_or(0));
  std::string line(width - shown, ' ');
  for (auto value = first; value != values.end(); ++value) {
    if (*value) {
      line += (utf8 ? blocks : letters).at(level(**value, highest));
    } else {
      line += ' ';
    }
  }
  return line;
}

}  // namespace mailboat::cli
