#include "bench/growth.hpp"

#include <memory>
#include <vector>

#include "bench/aged_log.hpp"
#include "bench/idleness.hpp"
#include "bench/many_replicas.hpp"
#include "bench/progress.hpp"

namespace mailboat::bench {
namespace {

constexpr std::uint64_t most_retained = 20;  // times --events

std::vector<AgedLog::Age> ages(const Options& options) {
  const std::uint64_t events = options.events;
  std::vector<AgedLog::Age> wanted{{"empty log", 0, false},
                                   {"retained " + std::to_string(events), events, false},
                                   {"held horizon", 0, true}};
  if (options.big)
    wanted.push_back({"retained " + std::to_string(most_retained * events), most_retained * events, false});
  return wanted;
}

void measure_ages(const Options& options, Figures& figures) {
  std::vector<std::unique_ptr<AgedLog>> logs;
  for (const auto& age : ages(options)) {
    say("preparing growth: " + age.name);
    logs.push_back(std::make_unique<AgedLog>(age, options.events / 4, options.runs));
  }
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    say("growth of the log: run " + std::to_string(run + 1) + " of " + std::to_string(options.runs));
    for (std::size_t i = 0; i < logs.size(); ++i) logs[(i + run) % logs.size()]->measure(figures);
  }
  for (const auto& log : logs) log->compare(*logs.front(), figures);
}

}  // namespace

void measure_growth(const Options& options, Figures& figures) {
  measure_ages(options, figures);
  measure_many_replicas(options, figures);
  measure_idleness(options, figures);
}

}  // namespace mailboat::bench
