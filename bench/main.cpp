#include <fstream>
#include <functional>
#include <iostream>

#include "bench/capture.hpp"
#include "bench/feed.hpp"
#include "bench/growth.hpp"
#include "bench/histogram.hpp"
#include "bench/latency.hpp"
#include "bench/maintenance.hpp"
#include "bench/options.hpp"
#include "bench/report.hpp"
#include "bench/throughput.hpp"
#include "common/error.hpp"
#include "common/log.hpp"

using namespace mailboat;

namespace {

using bench::Options;

bool wants_throughput(const Options& options) {
  return options.wants("limits") || options.wants("drain") || options.wants("load") ||
         options.wants("classic");
}

std::string version_of(const test::Cluster& cluster) {
  postgres::Connection connection(cluster.conninfo(), "mailboat-bench");
  return std::string(connection.query("SHOW server_version").text(0, 0));
}

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  if (path.empty()) return;
  std::ofstream file(path);
  write(file);
  file.close();
  if (!file) throw Error("cannot write '" + path + "'");
}

ExitCode run(int argc, char** argv) {
  const auto parsed = bench::parse_options(argc, argv, {std::cout, std::cerr});
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  const auto& options = std::get<Options>(parsed);
  log::set_level(log::Level::Warning);
  bench::Figures figures;
  test::Cluster cluster(bench::durable());
  if (wants_throughput(options)) bench::measure_throughput(cluster, options, figures);
  if (options.wants("latency")) {
    const auto latencies = bench::measure_latency(cluster, options, figures);
    write_file(options.histogram, [&](std::ostream& svg) { bench::draw_histogram(svg, latencies); });
  }
  if (options.wants("capture")) bench::measure_capture(cluster, options, figures);
  if (options.wants("maintenance")) bench::measure_maintenance(cluster, options, figures);
  if (options.wants("growth")) bench::measure_growth(options, figures);

  const auto machine = bench::this_machine(version_of(cluster));
  bench::print_table(std::cout, machine, figures);
  write_file(options.json, [&](std::ostream& json) { bench::write_json(json, machine, figures); });
  return ExitCode::Done;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "mailboat-bench: " << error.what() << '\n';
    return static_cast<int>(ExitCode::Failed);
  }
}
