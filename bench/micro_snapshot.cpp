#include <benchmark/benchmark.h>

#include "common/snapshot.hpp"

namespace mailboat::bench {
namespace {

/// With so many transactions in progress, every second one.
Snapshot snapshot(std::int64_t in_progress) {
  std::vector<TransactionId> open;
  for (std::int64_t i = 0; i < in_progress; ++i) open.push_back(1000 + 2 * static_cast<TransactionId>(i));
  const auto xmax = 1001 + 2 * static_cast<TransactionId>(in_progress);
  return {open.empty() ? xmax : open.front(), xmax, open};
}

void parse(benchmark::State& state) {
  const auto text = snapshot(state.range(0)).to_string();
  while (state.KeepRunning()) benchmark::DoNotOptimize(Snapshot::parse(text));
}

void print(benchmark::State& state) {
  const auto value = snapshot(state.range(0));
  while (state.KeepRunning()) benchmark::DoNotOptimize(value.to_string());
}

void covers(benchmark::State& state) {
  const auto value = snapshot(state.range(0));
  TransactionId transaction = 999;
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(value.covers(transaction));
    transaction = transaction > value.xmax() ? 999 : transaction + 1;
  }
}

void common(benchmark::State& state) {
  const auto one = snapshot(state.range(0));
  const auto other = snapshot(state.range(0) / 2);
  while (state.KeepRunning()) benchmark::DoNotOptimize(common_part(one, other));
}

BENCHMARK(parse)->Name("snapshot/parse")->Arg(0)->Arg(16)->Arg(1000);
BENCHMARK(print)->Name("snapshot/print")->Arg(0)->Arg(16)->Arg(1000);
BENCHMARK(covers)->Name("snapshot/covers")->Arg(0)->Arg(16)->Arg(1000);
BENCHMARK(common)->Name("snapshot/common_part")->Arg(0)->Arg(16)->Arg(1000);

}  // namespace
}  // namespace mailboat::bench
