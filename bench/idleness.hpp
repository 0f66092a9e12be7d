#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"

namespace mailboat::bench {

/// Processor time of everybody when nothing happens, as a share of one processor, with 1, 4 and 16 replicas.
void measure_idleness(const Options& options, Figures& figures);

}  // namespace mailboat::bench
