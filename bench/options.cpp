#include "bench/options.hpp"

#include <algorithm>
#include <charconv>

#include "common/error.hpp"

namespace mailboat::bench {
namespace {

const std::vector<std::string> parts{"limits",  "drain",   "load",        "classic",
                                     "latency", "capture", "maintenance", "growth"};
const std::vector<std::string> workload_names{"scrobbles", "hot", "small", "large"};

bool contains(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

void require_known(const char* option, const std::vector<std::string>& given,
                   const std::vector<std::string>& known) {
  for (const auto& name : given) {
    if (contains(known, name)) continue;
    std::string names;
    for (const auto& one : known) names += (names.empty() ? "" : ", ") + one;
    throw InvalidInput("--" + std::string(option) + " knows " + names + ", not '" + name + "'");
  }
}

std::vector<std::uint32_t> rates_of(const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> rates;
  for (const auto& text : texts) {
    std::uint32_t rate = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
    if (error != std::errc{} || end != text.data() + text.size() || rate == 0) {
      throw InvalidInput("--rates takes numbers above zero, not '" + text + "'");
    }
    rates.push_back(rate);
  }
  return rates;
}

void declare(CommandLine& line, Options& options, std::vector<std::string>& rates) {
  line.argument({.name = "only",
                 .value = "PART",
                 .help = "Parts to measure: limits, drain, load, classic, latency, capture, maintenance, "
                         "growth; all without it"},
                options.only);
  line.argument({.name = "workloads",
                 .value = "NAME",
                 .help = "Rows for limits, drain and load: scrobbles, hot, small, large; all without it"},
                options.workloads);
  line.argument({.name = "events", .value = "N", .help = "Events to drain, rows to load and to insert"},
                options.events);
  line.argument({.name = "runs", .value = "N", .help = "How often each figure is measured"}, options.runs);
  line.argument({.name = "seconds",
                 .value = "N",
                 .help = "Length of one run of latency, pgbench, maintenance and idleness"},
                options.seconds);
  line.argument({.name = "rates", .value = "N", .help = "Transactions per second, of latency"}, rates);
  line.argument({.name = "json", .value = "FILE", .help = "Write all figures there, too"}, options.json);
  line.argument({.name = "histogram", .value = "FILE", .help = "Draw latency there, as SVG"},
                options.histogram);
  line.argument({.name = "big", .value = "", .help = "Growth also with 20 million retained events (12 GB)"},
                options.big);
}

}  // namespace

bool Options::wants(std::string_view part) const { return only.empty() || contains(only, part); }

bool Options::wants_workload(std::string_view name) const {
  return workloads.empty() || contains(workloads, name);
}

std::variant<Options, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal) {
  Options options;
  std::vector<std::string> rates;
  CommandLine line("mailboat-bench", "Measures mailboat, and what limits it, side by side on this machine.",
                   "./dev bench --only limits,drain --workloads scrobbles");
  declare(line, options, rates);
  line.check([&] {
    require_known("only", options.only, parts);
    require_known("workloads", options.workloads, workload_names);
    if (options.events < 1000) throw InvalidInput("--events has to be 1000 or more");
    if (options.runs == 0 || options.seconds == 0)
      throw InvalidInput("--runs and --seconds have to be above zero");
    if (!rates.empty()) options.rates = rates_of(rates);
  });
  if (const auto code = line.parse(argc, argv, terminal)) return *code;
  return options;
}

}  // namespace mailboat::bench
