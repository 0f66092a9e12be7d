#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"
#include "producer/taken_topics.hpp"

/// The SQL of WindowReader. Pure.
namespace mailboat::producer {

struct WindowQuery {
  std::string sql;
  postgres::Params params;
};

/// Where an event's columns stand in the answers to both queries below.
struct EventColumn {
  enum : int {
    Id,
    Transaction,
    Topic,
    Op,
    Payload,    ///< NULL when it is too large to come along, or there is none
    CreatedAt,  ///< in microseconds since 1970; NULL where the subscription does not want it
  };
};

/// What else a poll tells, in each of its rows.
struct PollColumn {
  enum : int { Now = EventColumn::CreatedAt + 1, WriteAheadEnd, IsFlushed, LastId, Selection };
};

/// A poll brings at most one event more than so many.
constexpr int few_events = 250;

/// What is beyond `from`, in id order, if there are a few events, otherwise some of them; and R events
/// whatever their topic. One row without an event where there is none. The text depends on the subscription
/// and the server alone. `server_version`: see Connection::server_version().
[[nodiscard]] WindowQuery poll_query(const Subscription& subscription, const Snapshot& from,
                                     const TakenTopics& taken, int server_version);

/// A window from `from` to `to`, or a part of it.
struct WindowPart {
  const Snapshot& from;
  const Snapshot& to;
  const TakenTopics& taken;
  bool published_only = false;                 ///< without the events of tables
  std::optional<EventId> begin = {};           ///< ids from here on ...
  std::optional<EventId> end = {};             ///< ... up to, but without, this
  std::optional<EventId> goes_on_behind = {};  ///< in a later transaction, which sees more than `to` does
};
/// Declares the cursor `outbox_window` for it, in id order.
[[nodiscard]] WindowQuery declare_window(const Subscription& subscription, const WindowPart& part,
                                         int server_version);

/// What names the subscription's selection, see Subscription::selection. An expression.
[[nodiscard]] std::string selection_of(const Subscription& subscription);

}  // namespace mailboat::producer
