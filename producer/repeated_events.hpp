#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/event.hpp"
#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/column_cut.hpp"
#include "producer/table_change.hpp"
#include "producer/taken_topics.hpp"

namespace mailboat::producer {

/// Puts together the events of one Retry: each of a tracked table after the R event that described the table
/// when it was written, both under the topic that the table has in the replica, which may be another one than
/// the log has, and with the columns that may be sent. One thread; the connection must outlive it and be
/// outside of a window's transaction. Throws StatementFailed or ConnectionLost.
class RepeatedEvents {
 public:
  /// `sent`: what the replica has been sent. `columns` must outlive this.
  RepeatedEvents(postgres::Connection& connection, const ColumnCut& columns, TakenTopics taken,
                 const Snapshot& sent);

  /// Payloads of up to so many bytes stand in a row itself; larger ones are fetched one by one, so that what
  /// a query returns is bounded.
  static constexpr auto inline_payload_bytes = "8192";

  /// Adds the event of a row: id, txid, topic, op, length of the payload, payload or NULL when it is large,
  /// id of the R event before it or NULL, created_at in microseconds since 1970 or NULL. False when the event
  /// is not in the log any more, or not taken; nothing is added then.
  bool add(const postgres::Rows& rows, int row);

  [[nodiscard]] const EventBatch& events() const { return events_; }
  [[nodiscard]] EventBatch take() { return std::move(events_); }

 private:
  void add_as(const std::string& topic, const Event& event);
  void add_context(std::string_view logged, EventId relation, const std::string& topic);
  std::optional<std::string> payload_of(TransactionId transaction, EventId id);

  postgres::Connection& connection_;
  const ColumnCut& columns_;
  const TakenTopics taken_;
  const KnownChanges changes_;  // that the replica has
  EventBatch events_;
  std::map<std::string, EventId> described_by_;  // each table's last R
};

}  // namespace mailboat::producer
