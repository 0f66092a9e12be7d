#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"

namespace mailboat::producer {

/// What an R event means for loads and verifications of its table.
struct TableChange {
  std::string topic;
  std::string renamed_from = {};  ///< its topic until then; empty when it stays the same
  bool load = false;              ///< rows read differently since, so that the replica has to load them
  bool dropped = false;           ///< the table is captured no longer
};

/// The topics whose load begins after changes in the order of the log, by their names after all of them.
[[nodiscard]] std::vector<std::string> topics_to_load(const std::vector<TableChange>& changes);

/// A change that a replica has, and who may have written without it.
struct KnownChange {
  EventId id = 0;
  TransactionId transaction = 0;
  /// Nothing locked the table for the change (a schema was renamed, a type has changed): what transactions
  /// before this one have written may tell how things were before, whatever its id. 0 where the table was
  /// locked.
  TransactionId late_until = 0;
  TableChange change = {};
};

/// Tells of events that come to a replica after changes of their tables: late, or once more. Pure.
class KnownChanges {
 public:
  /// In the order of ids.
  void add(KnownChange change) { changes_.push_back(std::move(change)); }
  [[nodiscard]] bool empty() const { return changes_.empty(); }

  struct Place {
    std::string topic;  ///< what the event's table is called after the changes
    EventId since = 0;  ///< the last one that gave it a name, or the event itself
    std::string then;   ///< what it was called as of the event's id: differs from the log's for a late event
    bool load = false;  ///< the event may tell of rows as they read before one of the changes
  };
  [[nodiscard]] Place place(std::string_view topic, EventId id, TransactionId transaction) const;

 private:
  std::vector<KnownChange> changes_;
};

}  // namespace mailboat::producer
