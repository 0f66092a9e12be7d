#pragma once

#include <stop_token>

#include "common/health.hpp"
#include "consumer/consumer_metrics.hpp"
#include "consumer/options.hpp"

namespace mailboat::consumer {

/// Keeps the replica at `options.database` up to date until `stop`, or with `until_caught_up` until
/// everything committed before the start has been applied (tables still loading included), of each of the
/// sources. See SourceFollower for what is waited for.
///
/// Each source with a name is followed by a thread of its own. One that cannot go on (Fatal and the like)
/// ends alone, is logged, and makes this throw Fatal when the others have ended, too; what is about the file
/// as a whole (WrongFile) ends all of them. The only source without a name is followed by the calling thread,
/// and what it throws is thrown as it is. How it goes is told to `metrics` and `health`.
void follow(const ConsumerOptions& options, const std::stop_token& stop, ConsumerMetrics& metrics,
            Health& health);

}  // namespace mailboat::consumer
