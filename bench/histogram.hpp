#pragma once

#include <ostream>

#include "bench/latency.hpp"

namespace mailboat::bench {

/// Draws one panel for each rate as an SVG picture: how many transactions took how long, on a logarithmic
/// axis from 0.1 ms to 100 ms. What lies beyond either end counts in the bar there.
void draw_histogram(std::ostream& svg, const Latencies& latencies);

}  // namespace mailboat::bench
