#include "bench/many_replicas.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "bench/feed.hpp"
#include "bench/memory.hpp"
#include "bench/progress.hpp"
#include "bench/stopwatch.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {
namespace {

constexpr std::array counts{1, 4, 16};
using Replicas = std::vector<std::unique_ptr<Follower>>;

Replicas waiting(Feed& feed, int count) {
  Replicas replicas;
  for (int i = 0; i < count; ++i) {
    replicas.push_back(feed.subscribe("now"));
    replicas.back()->make_cursor();
  }
  return replicas;
}

test::Process& largest_consumer(const Replicas& replicas) {
  const auto largest = std::max_element(replicas.begin(), replicas.end(), [](auto& a, auto& b) {
    return a->consumer().peak_memory() < b->consumer().peak_memory();
  });
  return (*largest)->consumer();
}

void drain_all(Feed& feed, const Replicas& replicas, std::uint64_t events, Figures& figures) {
  const auto last = feed.last_event();
  const Stopwatch watch;
  for (const auto& replica : replicas) replica->start();
  for (const auto& replica : replicas) replica->wait_for(last);
  const auto seconds = watch.seconds();
  for (const auto& replica : replicas) require_rows(replica->file(), scrobbles().table, events);
  const auto part = "growth subscriptions " + std::to_string(replicas.size());
  figures.add(part, "delivered to all", "events/s", static_cast<double>(events * replicas.size()) / seconds);
  add_peak_memory(figures, part, feed.producer(), largest_consumer(replicas));
  for (const auto& replica : replicas) replica->stop();
}

}  // namespace

void measure_many_replicas(const Options& options, Figures& figures) {
  const std::uint64_t events = options.events / 10;
  test::Cluster cluster(durable());
  Feed feed(cluster);
  create_table(feed.sql(), scrobbles());
  feed.sql().query("SELECT outbox.track($1::regclass)", {scrobbles().topic()});
  feed.start_producer();
  say("preparing growth: subscriptions");
  std::vector<Replicas> rounds;
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    for (const auto count : counts) rounds.push_back(waiting(feed, count));
  }
  write_events(feed.sql(), scrobbles(), events);
  say("growth of subscriptions");
  for (auto& round : rounds) {
    drain_all(feed, round, events, figures);
    round.clear();
  }
}

}  // namespace mailboat::bench
