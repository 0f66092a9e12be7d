#pragma once

#include <cstdint>
#include <string>

#include "common/command_line.hpp"

namespace mailboat::cli {

/// Above this many, a change has to be confirmed.
inline constexpr std::int64_t confirm_above = 100;

/// Asks the operator to type `count`. `what` completes "About to ...". Throws Error when the answer is
/// another one, or when nobody is there to answer.
void confirm_count(const Terminal& terminal, std::int64_t count, const std::string& what);

}  // namespace mailboat::cli
