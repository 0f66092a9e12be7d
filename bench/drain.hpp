#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/feed.hpp"
#include "bench/figures.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {

/// Replicas that have been away while events were committed, and come back one after the other.
class Drain {
 public:
  /// Makes the replicas; events that are written from then on wait for them.
  Drain(Feed& feed, std::uint32_t runs);

  /// The next replica's consumer is started; figures tell how long it takes until it has everything, and what
  /// that costs the two daemons and PostgreSQL. `events` are waiting, which leave `rows` in the table.
  void measure(const std::string& part, const std::string& table, std::uint64_t events, std::uint64_t rows,
               Figures& figures);

 private:
  Feed& feed_;
  std::vector<std::unique_ptr<Follower>> waiting_;
};

}  // namespace mailboat::bench
