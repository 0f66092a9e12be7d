#include "bench/throughput.hpp"

#include <optional>

#include "bench/classic.hpp"
#include "bench/drain.hpp"
#include "bench/feed.hpp"
#include "bench/limits.hpp"
#include "bench/load.hpp"
#include "bench/progress.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {
namespace {

Snapshot current_snapshot(postgres::Connection& connection) {
  return Snapshot::parse(connection.query("SELECT pg_current_snapshot()").text(0, 0));
}

/// One workload's database, and whatever is measured with it.
class Round {
 public:
  Round(test::Cluster& cluster, const Workload& workload, const Options& options);
  void measure(Figures& figures);

 private:
  const Workload& workload_;
  const std::uint64_t events_;
  const bool loads_;
  Feed feed_;
  std::optional<Drain> drain_;
  std::optional<Limits> limits_;
  std::optional<Classic> classic_;
};

Round::Round(test::Cluster& cluster, const Workload& workload, const Options& options)
    : workload_(workload),
      events_(workload.events_of(options.events)),
      loads_(options.wants("load") && workload.keys == 0),
      feed_(cluster) {
  create_table(feed_.sql(), workload);
  if (loads_) insert_rows(feed_.sql(), workload, events_);
  feed_.sql().query("SELECT outbox.track($1::regclass)", {workload.topic()});
  const auto table = describe(feed_.sql(), workload.topic());
  feed_.start_producer();
  if (options.wants("drain")) drain_.emplace(feed_, options.runs);
  const auto before = current_snapshot(feed_.sql());
  write_events(feed_.sql(), workload, events_);
  if (options.wants("limits")) limits_.emplace(feed_.conninfo(), before, table, feed_.folder());
  if (options.wants("classic") && &workload == &scrobbles()) classic_.emplace(feed_, table);
}

void Round::measure(Figures& figures) {
  const auto rows = workload_.rows_left(events_);
  if (limits_) limits_->measure("limits " + workload_.name, figures);
  if (drain_) drain_->measure("drain " + workload_.name, workload_.table, events_, rows, figures);
  if (loads_) measure_load(feed_, "load " + workload_.name, workload_.table, rows, figures);
  if (classic_) classic_->measure("classic " + workload_.name, rows, figures);
}

void compare(const std::string& name, Figures& figures) {
  const auto limits = "limits " + name;
  const auto drain = "drain " + name;
  figures.add_ratio(drain, "drain / SQLite alone", {drain, "drain"}, {limits, "SQLite alone"});
  figures.add_ratio(drain, "drain / both at once", {drain, "drain"}, {limits, "both at once"});
  figures.add_ratio(drain, "drain / classic", {drain, "drain"}, {"classic " + name, "classic"});
  const auto load = "load " + name;
  figures.add_ratio(load, "load / SQLite alone", {load, "load"}, {limits, "SQLite alone"});
}

}  // namespace

void measure_throughput(test::Cluster& cluster, const Options& options, Figures& figures) {
  for (const auto& workload : workloads()) {
    if (!options.wants_workload(workload.name)) continue;
    say("preparing " + std::to_string(workload.events_of(options.events)) + " events: " + workload.name);
    Round round(cluster, workload, options);
    for (std::uint32_t run = 1; run <= options.runs; ++run) {
      say(workload.name + ": run " + std::to_string(run) + " of " + std::to_string(options.runs));
      round.measure(figures);
    }
    compare(workload.name, figures);
  }
}

}  // namespace mailboat::bench
