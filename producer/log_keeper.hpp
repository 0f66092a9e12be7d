#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/backoff.hpp"
#include "common/repeated.hpp"
#include "postgres/connection.hpp"
#include "producer/log_layout.hpp"

namespace mailboat::producer {

/// The log as it is now. Throws StatementFailed or ConnectionLost.
[[nodiscard]] LogLayout read_log_layout(postgres::Connection& connection);

/// Keeps the log's partitions: makes them ahead of the ids and empties and removes them behind, when nobody
/// needs their events any more. Of all producers of a database one at a time does it, as long as it is
/// connected.
///
/// An application never waits for it longer than for the lock time-outs in migrations/0026_retention.sql.
/// What does not get its locks in that time is tried again, later each time. One thread; the connection must
/// outlive it. See docs/retention.md.
class LogKeeper {
 public:
  LogKeeper(postgres::Connection& connection, RetentionLimits limits);

  /// Does what is due, and returns how long nothing more is going to be. What cannot be done is logged.
  /// Throws ConnectionLost.
  std::chrono::milliseconds step();

 private:
  using Clock = std::chrono::steady_clock;
  struct Chore {
    std::string name;
    Backoff backoff{{.first = std::chrono::seconds(1), .longest = std::chrono::minutes(1)}};
    Clock::time_point due{};
    int failures = 0;
    log::Repeated trouble{};
  };

  bool is_ours();
  LogLayout look() { return read_log_layout(connection_); }
  void take_overflow(const LogLayout& layout);
  void arrange(LogLayout& layout);
  void truncate(const LogLayout& layout);
  void truncate(const TruncationCandidate& candidate);
  void attempt(Chore& chore, const std::function<void()>& work);
  static void failed(Chore& chore, const postgres::StatementFailed& error);

  postgres::Connection& connection_;
  const RetentionLimits limits_;
  bool is_ours_ = false;
  EventId seen_id_ = 0;
  Chore looking_{.name = "look at"};
  Chore arranging_{.name = "arrange"};
  Chore truncating_{.name = "truncate"};
};

}  // namespace mailboat::producer
