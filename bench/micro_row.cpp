#include <benchmark/benchmark.h>

#include "bench/micro_rows.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::bench {
namespace {

/// JSON to the values that are bound.
void decode_row(benchmark::State& state) {
  const auto table = scrobble_table();
  const auto events = scrobble_events(1);
  const auto& buffer = events.payloads().texts();
  consumer::RowDecoder decoder(table.relation.columns);
  while (state.KeepRunning()) {
    events.for_each([&](const Event& event) {
      benchmark::DoNotOptimize(decoder.decode(event.payload, buffer.data() + buffer.size()).data());
    });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_per_frame));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(buffer.size()));
}

BENCHMARK(decode_row)->Name("row/decode");

}  // namespace
}  // namespace mailboat::bench
