#include "bench/pgbench.hpp"

#include <chrono>
#include <cstdlib>

#include "bench/processor_time.hpp"
#include "common/error.hpp"

namespace mailboat::bench {
namespace {

constexpr auto patience = std::chrono::hours(1);

/// The number that follows `label` in what pgbench says.
double number_after(const std::string& said, const std::string& label) {
  const auto at = said.find(label);
  if (at == std::string::npos) throw Error("pgbench did not say '" + label + "' but:\n" + said);
  return std::strtod(said.c_str() + at + label.size(), nullptr);
}

}  // namespace

Pgbench::Pgbench(const test::Cluster& cluster, std::string conninfo)
    : cluster_(cluster), conninfo_(std::move(conninfo)) {}

std::string Pgbench::execute(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), (cluster_.programs() / "pgbench").string());
  test::Process::Options options;
  options.environment = {"PGHOST=" + cluster_.socket_folder().string(), "PGUSER=postgres",
                         "PGDATABASE=" + conninfo_.substr(conninfo_.find("dbname=") + 7)};
  const auto ended = test::run(std::move(arguments), options, patience);
  if (ended.exit_code != 0) throw Error("pgbench failed:\n" + ended.output + ended.errors);
  return ended.output;
}

void Pgbench::make_tables(std::uint64_t scale) const {
  execute({"--initialize", "--scale=" + std::to_string(scale), "--quiet"});
  postgres::Connection(conninfo_, "mailboat-bench")
      .query("ALTER TABLE pgbench_history ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
}

Pgbench::Result Pgbench::run(std::uint32_t seconds, const std::string& script) const {
  postgres::Connection connection(conninfo_, "mailboat-bench");
  connection.query("CHECKPOINT");
  std::vector<std::string> arguments{"--no-vacuum", "--protocol=prepared", "--client=4", "--jobs=2",
                                     "--time=" + std::to_string(seconds)};
  if (!script.empty()) arguments.push_back("--file=" + script);
  const auto postmaster = postmaster_of(connection);
  const auto before = server_time(postmaster);
  const auto said = execute(std::move(arguments));
  const auto used = server_time(postmaster) - before;
  return {number_after(said, "\ntps = "),
          used / number_after(said, "number of transactions actually processed: ")};
}

}  // namespace mailboat::bench
