#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace mailboat {

/// How much, on disk or in memory.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend auto operator<=>(const ByteSize&, const ByteSize&) = default;

  /// For limits: there is none.
  static constexpr std::uint64_t unlimited = UINT64_MAX;
};

/// A whole number and a unit: `64MiB`, `100GiB`, `2TiB`; or `none` for ByteSize::unlimited. No spaces, no
/// fractions. Throws InvalidInput, with the text in the message, for anything else.
ByteSize parse_byte_size(std::string_view text);

/// In the largest unit that needs no fraction; parse_byte_size() reads it back to the same value.
std::string format_byte_size(ByteSize size);

}  // namespace mailboat
