#pragma once

#include <filesystem>
#include <string>

#include "bench/decoded_rows.hpp"
#include "bench/figures.hpp"
#include "common/snapshot.hpp"

namespace mailboat::bench {

/// What PostgreSQL and SQLite can do by themselves with one workload's rows.
class Limits {
 public:
  /// The log's events beyond `from`, all of the described table.
  Limits(std::string conninfo, Snapshot from, Description table, std::filesystem::path folder);

  /// One round: SQLite alone, PostgreSQL alone, both at the same time.
  void measure(const std::string& part, Figures& figures) const;

 private:
  [[nodiscard]] double write_alone() const;
  [[nodiscard]] double read_alone() const;

  const std::string conninfo_;
  const Snapshot from_;
  const Description table_;
  const std::filesystem::path folder_;
  const DecodedRows rows_;
};

}  // namespace mailboat::bench
