#pragma once

#include <chrono>
#include <stop_token>

namespace mailboat {

/// Returns after `length`, or as soon as a stop is requested.
void pause(const std::stop_token& stop, std::chrono::microseconds length);

}  // namespace mailboat
