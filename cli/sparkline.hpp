#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace mailboat::cli {

/// The last `width` values as a row of bars, the newest at the right, the highest as high as a line is;
/// nullopt leaves a gap. Zero is the lowest bar, and nothing else is. Without UTF-8 of plain characters.
/// Pure.
std::string sparkline(const std::deque<std::optional<std::int64_t>>& values, std::size_t width, bool utf8);

}  // namespace mailboat::cli
