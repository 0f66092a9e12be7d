#pragma once

#include "bench/figures.hpp"
#include "bench/options.hpp"

namespace mailboat::bench {

/// The part growth: what could slow mailboat down, or grow, as the log, the subscriptions and the server's
/// oldest transaction do. On clusters of its own.
void measure_growth(const Options& options, Figures& figures);

}  // namespace mailboat::bench
