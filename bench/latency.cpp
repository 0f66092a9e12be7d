#include "bench/latency.hpp"

#include <algorithm>
#include <cmath>

#include "bench/feed.hpp"
#include "bench/latency_load.hpp"
#include "bench/memory.hpp"
#include "bench/progress.hpp"

namespace mailboat::bench {
namespace {

void add_figures(const std::string& part, double achieved, std::vector<double>& sorted, Figures& figures) {
  figures.add(part, "committed", "tx/s", achieved);
  figures.add(part, "p50", "ms", percentile(sorted, 0.5));
  figures.add(part, "p90", "ms", percentile(sorted, 0.9));
  figures.add(part, "p99", "ms", percentile(sorted, 0.99));
  figures.add(part, "max", "ms", sorted.back());
}

}  // namespace

double percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Latencies measure_latency(test::Cluster& cluster, const Options& options, Figures& figures) {
  Feed feed(cluster);
  feed.sql().query(LatencyLoad::table);
  feed.start_producer();
  const auto replica = feed.subscribe("now");
  replica->start();
  replica->wait_for("SELECT count(*) FROM sqlite_master WHERE name = 'play'");
  LatencyLoad load(feed.conninfo(), replica->file());
  Latencies all;
  for (std::uint32_t run = 1; run <= options.runs; ++run) {
    for (const auto rate : options.rates) {
      say("latency at " + std::to_string(rate) + "/s: run " + std::to_string(run) + " of " +
          std::to_string(options.runs));
      const auto part = "latency " + std::to_string(rate) + "/s";
      auto result = load.run(rate, std::chrono::seconds(options.seconds));
      std::sort(result.latencies.begin(), result.latencies.end());
      add_figures(part, result.achieved, result.latencies, figures);
      add_peak_memory(figures, part, feed.producer(), replica->consumer());
      auto& pooled = all[rate];
      pooled.insert(pooled.end(), result.latencies.begin(), result.latencies.end());
    }
  }
  replica->stop();
  return all;
}

}  // namespace mailboat::bench
