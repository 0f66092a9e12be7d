#pragma once

#include <stop_token>

#include "consumer/options.hpp"

namespace mailboat::consumer {

/// Keeps the replica at `options.database` up to date until `stop`, or with `until_caught_up` until
/// everything committed before the start has been applied (tables still loading included). Whatever may mend
/// itself (a producer or a disk that is away, a lock) is logged once per change and tried again, with growing
/// pauses; what may not ends with Fatal.
void follow(const ConsumerOptions& options, const std::stop_token& stop);

}  // namespace mailboat::consumer
