#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "postgres/connection.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// What outbox.require_load() asks of a subscription, as one session sees it: the session that begins with it
/// fulfils it, and one that was there before has to end. One thread; the connection must outlive it and be
/// outside of a window's transaction. Throws StatementFailed or ConnectionLost.
class LoadRequest {
 public:
  LoadRequest(postgres::Connection& connection, const Subscription& subscription)
      : connection_(connection), subscription_(subscription.id), name_(subscription.load_request) {}

  /// The session has begun with a request that is not fulfilled yet.
  [[nodiscard]] bool is_open() const { return name_.has_value(); }
  /// The replica has the session's first window, in which all loads begin. A later request stays.
  void fulfil();

  /// Something may have changed in PostgreSQL.
  void woken() { may_be_new_ = true; }
  /// True when there is a request that the session has not begun with. Asks PostgreSQL when it was woken, but
  /// not more often than once a second.
  [[nodiscard]] bool is_new();

 private:
  using Clock = std::chrono::steady_clock;

  postgres::Connection& connection_;
  const std::int32_t subscription_;
  std::optional<std::string> name_;
  bool may_be_new_ = true;  // it may have come since the subscription was read
  Clock::time_point asked_at_{};
};

}  // namespace mailboat::producer
