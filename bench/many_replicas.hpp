#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"

namespace mailboat::bench {

/// One producer, and 1, 4 and 16 replicas that drain the same events at once.
void measure_many_replicas(const Options& options, Figures& figures);

}  // namespace mailboat::bench
