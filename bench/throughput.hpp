#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// The parts limits, drain, load and classic: the same rows, taken in turns, so that each round compares them
/// under the same conditions.
void measure_throughput(test::Cluster& cluster, const Options& options, Figures& figures);

}  // namespace mailboat::bench
