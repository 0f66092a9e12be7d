#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Which events of the log a subscription takes. A list of topics names tables: it holds through all their
/// renames, so that a topic is taken from some event on, or up to some event. One thread.
class TakenTopics {
 public:
  struct Span {
    std::string topic;
    EventId first = 0;
    EventId last = 0;
  };
  /// Takes everything.
  TakenTopics() = default;
  explicit TakenTopics(std::vector<Span> spans);

  [[nodiscard]] bool takes(std::string_view topic, EventId id) const;
  /// All names, as a text[] literal, for queries that leave out the most of what is not taken; nullopt:
  /// everything is taken.
  [[nodiscard]] const std::optional<std::string>& names() const { return names_; }

 private:
  std::optional<std::vector<Span>> spans_;
  std::optional<std::string> names_;
};

/// As of the connection's snapshot; of a transaction, if one is open. Throws ConnectionLost.
[[nodiscard]] TakenTopics read_taken_topics(postgres::Connection& connection,
                                            const Subscription& subscription);

}  // namespace mailboat::producer
