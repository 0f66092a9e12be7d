#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/figures.hpp"
#include "bench/options.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// Milliseconds from commit to visible, of every transaction; by transactions per second.
using Latencies = std::map<std::uint32_t, std::vector<double>>;

/// The part latency: applications insert one row in each transaction at a steady rate, and a reader polls the
/// SQLite file. The time runs from when an application knows that its transaction is committed until the
/// reader has seen the row.
Latencies measure_latency(test::Cluster& cluster, const Options& options, Figures& figures);

/// The value that the given share (0 to 1) of the sorted samples does not exceed.
double percentile(const std::vector<double>& sorted, double share);

}  // namespace mailboat::bench
