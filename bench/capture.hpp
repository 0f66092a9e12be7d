#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// The part capture: what tracking costs the application, without any daemon of mailboat. Tracked and
/// untracked in turns, in an order that goes round.
void measure_capture(test::Cluster& cluster, const Options& options, Figures& figures);

}  // namespace mailboat::bench
