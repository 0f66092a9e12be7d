#pragma once

#include <cstdint>
#include <string>

namespace mailboat::cli {

/// Throws InvalidInput when it is not a whole number from 1 to 2^63 - 1. `what` it should be, for the
/// sentence: `the id of a task`.
std::int64_t parse_id(const std::string& text, const std::string& what);

}  // namespace mailboat::cli
