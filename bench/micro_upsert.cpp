#include <benchmark/benchmark.h>

#include "bench/micro_rows.hpp"
#include "bench/sqlite_alone.hpp"
#include "consumer/open_database.hpp"
#include "consumer/replica.hpp"
#include "consumer/rows_ahead.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_writer.hpp"
#include "consumer/window_applier.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::bench {
namespace {

class File {
 public:
  File() { make_replica(path(), scrobble_table()); }
  [[nodiscard]] std::string path() const { return (folder_.path() / "replica.db").string(); }

 private:
  test::TempDir folder_{"bench"};
};

/// Rows 1, 2, ... or, with an argument, the same few again and again.
std::uint64_t first_row(const benchmark::State& state, std::uint64_t round) {
  return state.range(0) == 0 ? 2 + round * events_per_frame : 2;
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_per_frame));
}

/// From JSON to the row, one transaction for each frame's worth.
void write_rows(benchmark::State& state) {
  const File file;
  SQLite::Database database(file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
  consumer::use_write_ahead_log(database);
  const auto relation = scrobble_table().relation;
  consumer::TargetWriter writer(database, consumer::mirror(relation, consumer::table_name(relation)));
  std::uint64_t round = 0;
  while (state.KeepRunning()) {
    state.PauseTiming();
    const auto events = scrobble_events(first_row(state, round++));
    state.ResumeTiming();
    const auto& buffer = events.payloads().texts();
    SQLite::Transaction transaction(database);
    events.for_each([&](const Event& event) { writer.upsert(event, buffer.data() + buffer.size()); });
    transaction.commit();
  }
  count(state);
}

/// What a consumer does with a window of one frame, but for receiving it; or, with a second argument, but for
/// decoding it, too. The hot ones are inserts of keys that are there.
void apply_window(benchmark::State& state) {
  const File file;
  consumer::Replica replica({file.path(), "bench", {}});
  consumer::WindowApplier applier(replica, Welcome{});
  consumer::AheadDecoder decoder(replica.columns_in_force());
  Frame frame;
  frame.last = true;
  while (state.KeepRunning()) {
    state.PauseTiming();
    frame.from = replica.cursor()->snapshot;
    const auto to = frame.from->xmax() + 1;
    frame.to = Snapshot(to, to, {});
    frame.events = scrobble_events(first_row(state, frame.window++));
    const auto rows = state.range(1) == 0 ? consumer::RowsAhead() : decoder.decode(frame.events);
    state.ResumeTiming();
    applier.apply(frame, rows);
  }
  count(state);
}

BENCHMARK(write_rows)->Name("upsert/writer")->ArgName("hot")->Arg(0)->Arg(1);
BENCHMARK(apply_window)->Name("upsert/window")->ArgNames({"hot", "decoded"})->ArgsProduct({{0, 1}, {0, 1}});

}  // namespace
}  // namespace mailboat::bench
