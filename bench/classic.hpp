#pragma once

#include <cstdint>
#include <string>

#include "bench/decoded_rows.hpp"
#include "bench/feed.hpp"
#include "bench/figures.hpp"

namespace mailboat::bench {

/// The way that everybody knows, from the same libraries and well written: a table of tasks with a status;
/// two workers that each claim 1,000 with SELECT ... FOR UPDATE SKIP LOCKED, send them over ZeroMQ, wait
/// until the consumer has committed them to SQLite, and set them to completed.
class Classic {
 public:
  /// Its tasks are the events of the feed's log, which must be all of the described table.
  Classic(Feed& feed, Description table) : feed_(feed), table_(std::move(table)) {}

  /// One round: all tasks are made, and the time runs until the last is completed. They leave `rows` in the
  /// table.
  void measure(const std::string& part, std::uint64_t rows, Figures& figures);

 private:
  void make_tasks();
  [[nodiscard]] double drain();

  Feed& feed_;
  const Description table_;
};

}  // namespace mailboat::bench
