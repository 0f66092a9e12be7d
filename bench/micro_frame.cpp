#include <benchmark/benchmark.h>

#include "bench/micro_rows.hpp"
#include "common/codec.hpp"

namespace mailboat::bench {
namespace {

FromProducer frame() {
  Frame full;
  full.window = 1;
  full.events = scrobble_events(1);
  return full;
}

void count(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_per_frame));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void encode_frame(benchmark::State& state) {
  const auto message = frame();
  while (state.KeepRunning()) benchmark::DoNotOptimize(encode(message));
  count(state, encode(message).size());
}

void decode_frame(benchmark::State& state) {
  const auto bytes = encode(frame());
  while (state.KeepRunning()) benchmark::DoNotOptimize(decode_from_producer(bytes));
  count(state, bytes.size());
}

BENCHMARK(encode_frame)->Name("frame/encode");
BENCHMARK(decode_frame)->Name("frame/decode");

}  // namespace
}  // namespace mailboat::bench
