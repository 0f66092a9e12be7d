#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// The part maintenance: how long an application's INSERT takes while partitions of the log are made, emptied
/// and taken away beside it, and while a reader keeps that from being done.
void measure_maintenance(test::Cluster& cluster, const Options& options, Figures& figures);

}  // namespace mailboat::bench
