#pragma once

#include <string>
#include <vector>

#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// PostgreSQL's own load generator, on one database of the cluster.
class Pgbench {
 public:
  Pgbench(const test::Cluster& cluster, std::string conninfo);

  /// Makes the tables of TPC-B with 100,000 accounts for each `scale`, and gives the history a key, without
  /// which it could not be tracked.
  void make_tables(std::uint64_t scale) const;

  struct Result {
    double rate = 0;            ///< transactions per second
    double server_seconds = 0;  ///< processor time of the whole server, for each transaction
  };
  /// Four connections at full speed. `script`: a file; empty: TPC-B.
  [[nodiscard]] Result run(std::uint32_t seconds, const std::string& script = "") const;

 private:
  /// Returns what it has said.
  std::string execute(std::vector<std::string> arguments) const;

  const test::Cluster& cluster_;
  const std::string conninfo_;
};

}  // namespace mailboat::bench
