#include "common/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "common/error.hpp"

namespace mailboat {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds length;
};

constexpr std::array<Unit, 5> units_descending{{{"d", std::chrono::hours(24)},
                                                {"h", std::chrono::hours(1)},
                                                {"min", std::chrono::minutes(1)},
                                                {"s", std::chrono::seconds(1)},
                                                {"ms", milliseconds(1)}}};

constexpr milliseconds longest = std::chrono::hours(24) * 100'000;

}  // namespace

milliseconds parse_duration(std::string_view text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit_name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{}) {
    for (const auto& unit : units_descending) {
      if (unit.name == unit_name && count <= longest / unit.length) return count * unit.length;
    }
  }
  throw InvalidInput("not a duration: '" + std::string(text.substr(0, 80)) +
                     "' (expected a whole number and a unit: 50ms, 30s, 5min, 24h or 1d)");
}

void require_above_zero(milliseconds duration) {
  if (duration <= milliseconds(0)) throw InvalidInput("has to be above zero");
}

std::string format_duration(milliseconds duration) {
  for (const auto& unit : units_descending) {
    if (duration.count() != 0 && duration % unit.length == milliseconds(0)) {
      return std::to_string(duration / unit.length) + std::string(unit.name);
    }
  }
  return "0s";
}

}  // namespace mailboat
