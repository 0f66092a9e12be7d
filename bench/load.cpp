#include "bench/load.hpp"

#include "bench/memory.hpp"
#include "bench/processor_time.hpp"
#include "bench/stopwatch.hpp"

namespace mailboat::bench {

void measure_load(Feed& feed, const std::string& part, const std::string& table, std::uint64_t rows,
                  Figures& figures) {
  const auto replica = feed.subscribe("load");
  const Stopwatch watch;
  replica->start();
  replica->wait_for_loads(1);
  const auto seconds = watch.seconds();
  require_rows(replica->file(), table, rows);
  const auto count = static_cast<double>(rows);
  figures.add(part, "load", "rows/s", count / seconds);
  figures.add(part, "consumer", "s/1M rows", processor_time(replica->consumer().id()) * 1e6 / count);
  add_peak_memory(figures, part, feed.producer(), replica->consumer());
  replica->stop();
}

}  // namespace mailboat::bench
