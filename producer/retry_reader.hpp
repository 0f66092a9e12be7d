#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Reads rejected events once more, when they are due, as the subscription may have them. One thread; the
/// connection must outlive the reader and be outside of a window's transaction. Throws StatementFailed or
/// ConnectionLost.
class RetryReader {
 public:
  /// `subscription` must outlive this.
  RetryReader(postgres::Connection& connection, const Subscription& subscription);

  /// How long until the next retry is due, 0 when one is; nothing when no task is waiting for one.
  std::optional<std::chrono::milliseconds> next_due();

  struct Batch {
    EventBatch events;
    std::vector<EventId> lost;  ///< due, but no longer in the log, or not of the subscription's topics
  };
  /// Due events in id order, about `target_bytes` but at least one and at most 500, each of a tracked table
  /// after the R event that described the table when it was written, under the topic that the table has in
  /// the replica, which has been sent what `sent` covers.
  Batch read(const Snapshot& sent, std::size_t target_bytes);

 private:
  postgres::Connection& connection_;
  const Subscription& subscription_;
};

}  // namespace mailboat::producer
