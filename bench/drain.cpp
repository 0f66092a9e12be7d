#include "bench/drain.hpp"

#include "bench/memory.hpp"
#include "bench/processor_time.hpp"
#include "bench/stopwatch.hpp"
#include "common/error.hpp"

namespace mailboat::bench {
namespace {

constexpr double million = 1e6;

}  // namespace

Drain::Drain(Feed& feed, std::uint32_t runs) : feed_(feed) {
  for (std::uint32_t run = 0; run < runs; ++run) {
    waiting_.push_back(feed_.subscribe("now"));
    waiting_.back()->make_cursor();
  }
}

void Drain::measure(const std::string& part, const std::string& table, std::uint64_t events,
                    std::uint64_t rows, Figures& figures) {
  const auto replica = std::move(waiting_.back());
  waiting_.pop_back();
  const auto last = feed_.last_event();
  const auto producer_before = processor_time(feed_.producer().id());

  const Stopwatch watch;
  replica->start();
  replica->wait_for(last);
  const auto seconds = watch.seconds();

  const auto consumer_time = processor_time(replica->consumer().id());
  const auto producer_time = processor_time(feed_.producer().id()) - producer_before;
  double backend_time = 0;
  for (const auto backend : backends(feed_.sql(), "mailboat-producer/" + replica->name())) {
    backend_time += processor_time(backend);
  }
  require_rows(replica->file(), table, rows);

  const auto count = static_cast<double>(events);
  figures.add(part, "drain", "events/s", count / seconds);
  figures.add(part, "producer", "s/1M events", producer_time * million / count);
  figures.add(part, "PostgreSQL backend", "s/1M events", backend_time * million / count);
  figures.add(part, "consumer", "s/1M events", consumer_time * million / count);
  add_peak_memory(figures, part, feed_.producer(), replica->consumer());
  replica->stop();
}

}  // namespace mailboat::bench
