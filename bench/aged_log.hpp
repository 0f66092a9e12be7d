#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/drain.hpp"
#include "bench/feed.hpp"
#include "bench/figures.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::bench {

/// A log with a past, from which the newest events are drained. A cluster of its own: an open transaction in
/// one database is in the snapshots of all.
class AgedLog {
 public:
  struct Age {
    std::string name;
    std::uint64_t retained;  ///< events that are in the log, and that no subscription wants any more
    bool held;  ///< a transaction with an id has been open since before the events that are drained
  };
  AgedLog(Age age, std::uint64_t events, std::uint32_t runs);

  /// One round: a drain, with what it writes into PostgreSQL, and the cost of polls when nothing is left.
  void measure(Figures& figures);
  void compare(const AgedLog& empty, Figures& figures) const;

 private:
  [[nodiscard]] std::string part() const { return "growth " + age_.name; }
  void measure_drain(Figures& figures);
  void measure_poll(Figures& figures);

  const Age age_;
  const std::uint64_t events_;
  test::Cluster cluster_;
  Feed feed_;
  std::optional<postgres::Connection> holder_;
  std::optional<Drain> drain_;
};

}  // namespace mailboat::bench
