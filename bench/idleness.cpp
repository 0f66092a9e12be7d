#include "bench/idleness.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "bench/feed.hpp"
#include "bench/memory.hpp"
#include "bench/processor_time.hpp"
#include "bench/progress.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {
namespace {

constexpr std::array counts{1, 4, 16};
constexpr auto unit = "% of a processor";
constexpr auto settling = std::chrono::seconds(3);
using Replicas = std::vector<std::unique_ptr<Follower>>;

/// What `seconds` without any work take, in percent, of each of the functions that tell processor time so
/// far.
template <typename... Used>
std::array<double, sizeof...(Used)> idle_for(std::uint32_t seconds, const Used&... used) {
  std::this_thread::sleep_for(settling);
  const std::array before{used()...};
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  std::array after{used()...};
  for (std::size_t i = 0; i < after.size(); ++i) after[i] = (after[i] - before[i]) * 100 / seconds;
  return after;
}

Replicas following(Feed& feed, int count) {
  Replicas replicas;
  for (int i = 0; i < count; ++i) {
    replicas.push_back(feed.subscribe("now"));
    replicas.back()->make_cursor();
    replicas.back()->start();
  }
  return replicas;
}

double time_of_consumers(const Replicas& replicas) {
  double sum = 0;
  for (const auto& replica : replicas) sum += processor_time(replica->consumer().id());
  return sum;
}

void measure_once(Feed& feed, int count, pid_t postmaster, std::uint32_t seconds, Figures& figures) {
  const auto part = "growth idle " + std::to_string(count);
  const auto server = [&] { return server_time(postmaster); };
  const auto alone = idle_for(seconds, server)[0];
  feed.start_producer();
  const auto replicas = following(feed, count);
  const auto [producer, consumers, together] = idle_for(
      seconds, [&] { return processor_time(feed.producer().id()); },
      [&] { return time_of_consumers(replicas); }, server);
  figures.add(part, "producer", unit, producer);
  figures.add(part, "consumers", unit, consumers);
  figures.add(part, "PostgreSQL", unit, together);
  figures.add(part, "PostgreSQL without mailboat", unit, alone);
  figures.add(part, "mailboat in all", unit, producer + consumers + std::max(0.0, together - alone));
  add_peak_memory(figures, part, feed.producer(), replicas.front()->consumer());
  for (const auto& replica : replicas) replica->stop();
  feed.stop_producer();
}

}  // namespace

void measure_idleness(const Options& options, Figures& figures) {
  test::Cluster cluster(durable());
  Feed feed(cluster);
  create_table(feed.sql(), scrobbles());
  feed.sql().query("SELECT outbox.track($1::regclass)", {scrobbles().topic()});
  const auto postmaster = postmaster_of(feed.sql());
  for (std::uint32_t run = 1; run <= options.runs; ++run) {
    say("idleness: run " + std::to_string(run) + " of " + std::to_string(options.runs));
    for (const auto count : counts) measure_once(feed, count, postmaster, options.seconds, figures);
  }
}

}  // namespace mailboat::bench
