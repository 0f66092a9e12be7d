#pragma once

#include <cstdint>

namespace mailboat::test {

/// The seed of this run's random choices: MAILBOAT_TEST_SEED, or a new one. Printed on first use, so that a
/// failure can be repeated.
std::uint64_t seed();

}  // namespace mailboat::test
