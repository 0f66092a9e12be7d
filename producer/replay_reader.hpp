#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Reads the events that a replay asks for, in the order of their ids. The log is looked through piece by
/// piece, so that a look does not take long however few events match. One thread; the connection must outlive
/// the reader and be outside of a window's transaction. Throws StatementFailed or ConnectionLost.
class ReplayReader {
 public:
  /// `operation`: whose arguments stand in `outbox.replay`. `subscription` must outlive this.
  ReplayReader(postgres::Connection& connection, const Subscription& subscription, OperationId operation);

  struct Batch {
    EventBatch events;         ///< with the R events that describe their tables
    std::vector<EventId> ids;  ///< of the events that are asked for
    EventId through = 0;       ///< everything up to here has been looked at
  };
  /// What the replica has been sent already, that is, what `sent` covers, of the events after id `after` and
  /// up to `last`: about `target_bytes`, and at most `limit` events, of the next piece. It may be empty
  /// before the end is reached.
  Batch read(EventId after, EventId last, const Snapshot& sent, std::size_t limit, std::size_t target_bytes);

 private:
  EventId skip_gap(EventId after);

  postgres::Connection& connection_;
  const Subscription& subscription_;
  const std::string operation_;
  EventId piece_;  // how many ids a look spans
};

}  // namespace mailboat::producer
