#include "bench/idleness.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "bench/feed.hpp"
#include "bench/processor_time.hpp"
#include "bench/progress.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {
namespace {

constexpr auto part = "growth idle";
constexpr auto unit = "% of a processor";
constexpr auto settling = std::chrono::seconds(3);

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

void measure_once(Feed& feed, pid_t postmaster, std::uint32_t seconds, Figures& figures) {
  const auto server = [&] { return server_time(postmaster); };
  const auto alone = idle_for(seconds, server)[0];
  feed.start_producer();
  const auto replica = feed.subscribe("now");
  replica->make_cursor();
  replica->start();
  const auto [producer, consumer, together] = idle_for(
      seconds, [&] { return processor_time(feed.producer().id()); },
      [&] { return processor_time(replica->consumer().id()); }, server);
  figures.add(part, "producer", unit, producer);
  figures.add(part, "consumer", unit, consumer);
  figures.add(part, "PostgreSQL", unit, together);
  figures.add(part, "PostgreSQL without mailboat", unit, alone);
  figures.add(part, "mailboat in all", unit, producer + consumer + std::max(0.0, together - alone));
  replica->stop();
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
    measure_once(feed, postmaster, options.seconds, figures);
  }
}

}  // namespace mailboat::bench
