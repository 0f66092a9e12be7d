#include "bench/memory.hpp"

namespace mailboat::bench {
namespace {

constexpr double mebibyte = 1 << 20;

}  // namespace

void add_peak_memory(Figures& figures, std::string_view part, test::Process& producer,
                     test::Process& consumer) {
  figures.add(part, "producer, peak memory", "MiB", static_cast<double>(producer.peak_memory()) / mebibyte);
  figures.add(part, "consumer, peak memory", "MiB", static_cast<double>(consumer.peak_memory()) / mebibyte);
}

}  // namespace mailboat::bench
