#pragma once

#include <chrono>
#include <functional>

namespace mailboat::test {

/// Checks `condition` every few milliseconds until it holds. False when it still does not after `timeout`.
/// The only place in the tests that sleeps: a test waits for an event, never for a length of time.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace mailboat::test
