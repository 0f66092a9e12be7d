#include "bench/aged_log.hpp"

#include <thread>

#include "bench/processor_time.hpp"
#include "bench/stopwatch.hpp"
#include "bench/workload.hpp"
#include "producer/source.hpp"
#include "producer/window_reader.hpp"

namespace mailboat::bench {
namespace {

constexpr int polls = 500;

/// What has been written into mailboat's own tables, and the write-ahead log.
struct Written {
  double rows = 0;
  double dead_rows = 0;
  double bytes = 0;
};

Written written(postgres::Connection& connection) {
  const auto rows = connection.query(
      "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint,"
      " coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint,"
      " pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
      " FROM pg_stat_user_tables WHERE schemaname = 'outbox'");
  return {static_cast<double>(rows.int64(0, 0)), static_cast<double>(rows.int64(0, 1)),
          static_cast<double>(rows.int64(0, 2))};
}

// A session reports what it has written when it ends, at the latest.
void wait_for_end_of_session(postgres::Connection& connection) {
  while (!backends(connection, "mailboat-producer/replica_").empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

AgedLog::AgedLog(Age age, std::uint64_t events, std::uint32_t runs)
    : age_(std::move(age)), events_(events), cluster_(durable()), feed_(cluster_) {
  create_table(feed_.sql(), scrobbles());
  feed_.sql().query("SELECT outbox.track($1::regclass)", {scrobbles().topic()});
  if (age_.retained > 0) write_events(feed_.sql(), scrobbles(), age_.retained);
  feed_.start_producer();
  if (age_.held) {
    holder_.emplace(feed_.conninfo(), "holder of the horizon");
    holder_->query("BEGIN; SELECT pg_current_xact_id()");
  }
  drain_.emplace(feed_, runs);
  write_events(feed_.sql(), scrobbles(), events_);
  feed_.end_session();
}

void AgedLog::measure(Figures& figures) {
  measure_drain(figures);
  measure_poll(figures);
}

void AgedLog::measure_drain(Figures& figures) {
  const auto before = written(feed_.sql());
  drain_->measure(part(), scrobbles().table, events_, events_, figures);
  wait_for_end_of_session(feed_.sql());
  const auto after = written(feed_.sql());
  const auto millions = static_cast<double>(events_) / 1e6;
  figures.add(part(), "rows written in PostgreSQL", "/1M events", (after.rows - before.rows) / millions);
  figures.add(part(), "rows made dead in PostgreSQL", "/1M events",
              (after.dead_rows - before.dead_rows) / millions);
  figures.add(part(), "write-ahead log", "KiB/1M events", (after.bytes - before.bytes) / 1024 / millions);
}

void AgedLog::measure_poll(Figures& figures) {
  auto connection = producer::connect_to_source(feed_.conninfo(), "mailboat-bench");
  const auto subscription = producer::find_subscription(connection, "replica_1");
  producer::WindowReader reader(connection, subscription);
  auto from = Snapshot::parse(connection.query("SELECT pg_current_snapshot()").text(0, 0));
  const Stopwatch watch;
  for (int poll = 0; poll < polls; ++poll) from = reader.poll(from).now;
  figures.add(part(), "idle poll", "us", watch.seconds() * 1e6 / polls);
}

void AgedLog::compare(const AgedLog& empty, Figures& figures) const {
  if (this == &empty) return;
  figures.add_ratio(part(), "drain / drain of the empty log", {part(), "drain"}, {empty.part(), "drain"});
}

}  // namespace mailboat::bench
