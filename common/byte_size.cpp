#include "common/byte_size.hpp"

#include <array>
#include <charconv>

#include "common/error.hpp"

namespace mailboat {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<Unit, 5> units_descending{{{"TiB", std::uint64_t{1} << 40},
                                                {"GiB", std::uint64_t{1} << 30},
                                                {"MiB", std::uint64_t{1} << 20},
                                                {"KiB", std::uint64_t{1} << 10},
                                                {"B", 1}}};

constexpr std::string_view no_limit = "none";

}  // namespace

ByteSize parse_byte_size(std::string_view text) {
  if (text == no_limit) return {ByteSize::unlimited};
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit_name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{}) {
    for (const auto& unit : units_descending) {
      if (unit.name == unit_name && count <= (ByteSize::unlimited - 1) / unit.bytes)
        return {count * unit.bytes};
    }
  }
  throw InvalidInput("not a size: '" + std::string(text.substr(0, 80)) +
                     "' (expected a whole number and a unit: 64MiB, 100GiB or 2TiB; or none)");
}

std::string format_byte_size(ByteSize size) {
  if (size.bytes == ByteSize::unlimited) return std::string(no_limit);
  for (const auto& unit : units_descending) {
    if (size.bytes != 0 && size.bytes % unit.bytes == 0)
      return std::to_string(size.bytes / unit.bytes) + std::string(unit.name);
  }
  return "0B";
}

}  // namespace mailboat
