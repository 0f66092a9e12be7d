#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/command_line.hpp"

namespace mailboat::bench {

/// What is measured, and how much of it.
struct Options {
  std::vector<std::string> only;       ///< parts; empty: all. See docs/benchmarks.md
  std::vector<std::string> workloads;  ///< of limits, drain and load; empty: all
  std::uint32_t events = 1'000'000;
  std::uint32_t runs = 3;
  std::uint32_t seconds = 10;  ///< of what is measured for a time: latency, pgbench, maintenance, idleness
  std::vector<std::uint32_t> rates = {10, 200, 1000, 5000};  ///< transactions per second, of latency
  std::string json;                                          ///< file; empty: none
  std::string histogram;                                     ///< SVG file of latency; empty: none
  bool big = false;                                          ///< growth also with 20 million retained events

  [[nodiscard]] bool wants(std::string_view part) const;
  [[nodiscard]] bool wants_workload(std::string_view name) const;
};

/// Otherwise the program is to end with the code that is returned.
std::variant<Options, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal);

}  // namespace mailboat::bench
