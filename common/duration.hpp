#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace mailboat {

/// A whole number and a unit: `50ms`, `30s`, `5min`, `24h`, `1d`. No spaces, no fractions, no sign.
/// Throws InvalidInput, with the text in the message, for anything else and for more than 100,000 days.
std::chrono::milliseconds parse_duration(std::string_view text);

/// Throws InvalidInput when there is nothing to wait for.
void require_above_zero(std::chrono::milliseconds duration);

/// In the largest unit that needs no fraction; parse_duration() reads it back to the same value.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace mailboat
