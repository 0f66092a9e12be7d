#include "bench/maintenance.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <optional>
#include <thread>

#include "bench/feed.hpp"
#include "bench/insert_load.hpp"
#include "bench/latency.hpp"
#include "bench/progress.hpp"
#include "bench/stopwatch.hpp"
#include "producer/log_keeper.hpp"
#include "producer/source.hpp"

namespace mailboat::bench {
namespace {

using producer::LogKeeper;
using producer::LogLayout;

// Events leave at once, and partitions have the fewest ids that there can be: a thousand.
constexpr producer::RetentionLimits limits{std::chrono::milliseconds(0), {std::uint64_t{4} << 20}};
constexpr EventId partition_ids = 1'000;
constexpr EventId ids_left = 50;

// A producer looks every two seconds.
constexpr auto keeper_pause = std::chrono::milliseconds(20);
// However slowly the disk lets single rows be committed, partitions become full.
constexpr auto fill_interval = std::chrono::milliseconds(200);

/// What goes on beside the writers.
struct Scene {
  const char* part;
  bool is_kept;  ///< the log is
  bool is_read;  ///< a reader has the whole log locked, as every reader does until its transaction ends
};
constexpr std::array scenes{Scene{"maintenance off", false, false}, Scene{"maintenance on", true, false},
                            Scene{"maintenance held", true, true}};

/// What has become of partitions.
struct Changes {
  int added = 0;
  int emptied = 0;

  void note(const LogLayout& before, const LogLayout& after) {
    for (const auto& partition : after.partitions) {
      const auto known = std::find_if(before.partitions.begin(), before.partitions.end(),
                                      [&](const auto& each) { return each.to == partition.to; });
      if (known == before.partitions.end()) {
        ++added;
      } else if (partition.empty && !known->empty) {
        ++emptied;
      }
    }
  }
};

Changes keep(postgres::Connection& connection, std::uint32_t seconds) {
  Changes changes;
  LogKeeper keeper(connection, limits);
  auto layout = producer::read_log_layout(connection);
  const Stopwatch watch;
  while (watch.seconds() < seconds) {
    keeper.step();
    auto next = producer::read_log_layout(connection);
    changes.note(layout, next);
    layout = std::move(next);
    std::this_thread::sleep_for(keeper_pause);
  }
  return changes;
}

void publish(postgres::Connection& connection, EventId events) {
  connection.query("SELECT outbox.publish('bench', '{}') FROM generate_series(1, $1::bigint)",
                   {std::to_string(events)});
}

/// Takes as many ids as a partition has, again and again.
void fill(const std::string& conninfo, std::uint32_t seconds) {
  postgres::Connection connection(conninfo, "mailboat-bench");
  connection.query("SET synchronous_commit = off");
  for (const Stopwatch watch; watch.seconds() < seconds; std::this_thread::sleep_for(fill_interval))
    publish(connection, partition_ids);
}

class Maintenance {
 public:
  explicit Maintenance(test::Cluster& cluster)
      : feed_(cluster), keeping_(producer::connect_to_source(feed_.conninfo(), "mailboat-bench/retention")) {
    feed_.sql().query(
        "DO $$ DECLARE p record; BEGIN FOR p IN SELECT relation FROM outbox.partitions() LOOP"
        " EXECUTE format('DROP TABLE %s', p.relation); END LOOP; END $$");
    const auto ids = std::to_string(partition_ids);
    feed_.sql().query("SELECT outbox.arrange_partitions('{}', '{" + ids + ", " + ids + "}')");
    feed_.sql().query(inserted_table);
  }

  void measure(const Scene& scene, std::uint32_t seconds, Figures& figures) {
    make_due();
    std::optional<postgres::Connection> reader;
    if (scene.is_read) {
      reader.emplace(feed_.conninfo(), "mailboat-bench/reader");
      reader->query("BEGIN; SELECT count(*) FROM outbox.event");
    }
    auto keeping =
        std::async(std::launch::async, [&] { return scene.is_kept ? keep(keeping_, seconds) : Changes(); });
    auto filling = std::async(std::launch::async, fill, feed_.conninfo(), seconds);
    const auto took = time_inserts(feed_.conninfo(), seconds);
    filling.get();
    const auto changes = keeping.get();

    figures.add(scene.part, "committed", "tx/s", static_cast<double>(took.size()) / seconds);
    figures.add(scene.part, "INSERT, p99", "ms", percentile(took, 0.99));
    figures.add(scene.part, "INSERT, longest", "ms", took.back());
    if (!scene.is_kept) return;
    figures.add(scene.part, "partitions added", "", changes.added);
    figures.add(scene.part, "partitions emptied", "", changes.emptied);
  }

 private:
  /// So that there is something to do from the first moment on: the last partition that was made ahead is
  /// nearly full, and the one before it is full.
  void make_due() {
    for (;; std::this_thread::sleep_for(keeper_pause)) {
      LogKeeper(keeping_, limits).step();
      const auto layout = producer::read_log_layout(keeping_);
      const auto& last = layout.partitions.at(layout.partitions.size() - 2);  // the tail is behind it
      if (last.from <= layout.next_id) continue;                              // somebody had it locked
      publish(feed_.sql(), last.to - layout.next_id - ids_left);
      return;
    }
  }

  Feed feed_;
  postgres::Connection keeping_;
};

}  // namespace

void measure_maintenance(test::Cluster& cluster, const Options& options, Figures& figures) {
  Maintenance maintenance(cluster);
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    say("maintenance: run " + std::to_string(run + 1) + " of " + std::to_string(options.runs));
    for (std::size_t i = 0; i < scenes.size(); ++i)
      maintenance.measure(scenes[(i + run) % scenes.size()], options.seconds, figures);
  }
}

}  // namespace mailboat::bench
