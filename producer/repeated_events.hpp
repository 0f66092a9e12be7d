#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/event.hpp"
#include "postgres/connection.hpp"
#include "producer/column_cut.hpp"

namespace mailboat::producer {

/// Puts together the events of one Retry: each of a tracked table after the R event that described the table
/// when it was written, and with the columns that may be sent. One thread; the connection must outlive it and
/// be outside of a window's transaction. Throws StatementFailed or ConnectionLost.
class RepeatedEvents {
 public:
  /// `columns` must outlive this.
  RepeatedEvents(postgres::Connection& connection, const ColumnCut& columns)
      : connection_(connection), columns_(columns) {}

  /// Payloads of up to so many bytes stand in a row itself; larger ones are fetched one by one, so that what
  /// a query returns is bounded.
  static constexpr auto inline_payload_bytes = "8192";

  /// Adds the event of a row: id, txid, topic, op, length of the payload, payload or NULL when it is large,
  /// id of the R event before it or NULL. False when the event is not in the log any more; nothing is added
  /// then.
  bool add(const postgres::Rows& rows, int row);

  [[nodiscard]] const EventBatch& events() const { return events_; }
  [[nodiscard]] EventBatch take() { return std::move(events_); }

 private:
  void add_cut(const Event& event);
  void add_context(const std::string& topic, EventId relation);
  std::optional<std::string> payload_of(TransactionId transaction, EventId id);

  postgres::Connection& connection_;
  const ColumnCut& columns_;
  EventBatch events_;
  std::map<std::string, EventId> described_by_;  // each topic's last R
};

}  // namespace mailboat::producer
