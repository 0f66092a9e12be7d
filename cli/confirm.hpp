#pragma once

#include <cstdint>
#include <string>

#include "common/command_line.hpp"

namespace mailboat::cli {

/// Above this many, a change has to be confirmed.
inline constexpr std::int64_t confirm_above = 100;

/// Asks the operator to type `answer`. `what` completes "About to ...". Throws Error when something else is
/// typed, or when nobody is there to answer: then it says `instead`, what can be done without being asked.
void confirm(const Terminal& terminal, const std::string& answer, const std::string& what,
             const std::string& instead = "Say --yes");

/// The same for a change of many, whose number is to be typed.
void confirm_count(const Terminal& terminal, std::int64_t count, const std::string& what);

}  // namespace mailboat::cli
