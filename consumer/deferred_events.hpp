#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"

namespace mailboat::consumer {

/// Events of the open window that a constraint has refused, kept until the rest of it is there. They wait in
/// a temporary table of SQLite's, which goes to disk where they are many: memory stays flat. Rolled back with
/// the window. Throws SQLite::Exception.
class DeferredEvents {
 public:
  explicit DeferredEvents(SQLite::Database& database);

  void add(const Event& event, const std::string& reason);
  void remove(EventId id);
  /// Ascending; with `topic` only of that.
  [[nodiscard]] std::vector<EventId> ids(std::optional<std::string_view> topic);

  struct Entry {
    EventId id = 0;
    TransactionId transaction = 0;
    std::string topic;
    Op op = Op::Update;
    std::string payload;
    std::string reason;
    /// Valid as long as the entry.
    [[nodiscard]] Event event() const { return {id, transaction, topic, op, payload}; }
    [[nodiscard]] const char* buffer_end() const { return payload.data() + payload.size(); }
  };
  /// Of one that is there.
  [[nodiscard]] Entry read(EventId id);

 private:
  SQLite::Database& database_;
};

}  // namespace mailboat::consumer
