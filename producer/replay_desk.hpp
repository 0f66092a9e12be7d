#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/rate_limit.hpp"
#include "producer/replay_reader.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// The replays that operators ask for, of one subscription: one at a time, the oldest first. Brings their
/// events, and writes down in `outbox.replay` what became of them, position and counts together: whoever
/// dies, the next session goes on behind the last event that is counted.
///
/// Belongs to the session's thread. `connection` must outlive it and be outside of a window's transaction.
/// Throws StatementFailed or ConnectionLost.
class ReplayDesk {
 public:
  using Clock = std::chrono::steady_clock;

  /// Events come in batches of about `batch_bytes`.
  ReplayDesk(postgres::Connection& connection, const Subscription& subscription, std::size_t batch_bytes);

  /// Counts the outcomes of what is under way; others are passed over.
  void take(const Retried& retried);

  /// Writes down what has been counted, about once a second, and learns whether the replay was cancelled.
  void record_if_due();
  /// Writes down the rest: at the end of a session.
  void record_rest();

  /// The next events of the running replay, unless some are under way: then their Retried comes first. Only
  /// events that `sent` covers. Looks for a replay now and then when none is running.
  std::optional<Retry> next(const Snapshot& sent);
  /// Something may have changed in PostgreSQL: somebody has asked for a replay, for example.
  void woken();
  /// How long the methods above have nothing to do, unless it is woken() or a Retried comes.
  [[nodiscard]] std::chrono::milliseconds quiet_for();

 private:
  /// Since what is written down.
  struct Counts {
    std::uint64_t applied = 0;
    std::uint64_t superseded = 0;
    std::uint64_t rejected = 0;
    std::vector<std::string> rejected_ids;  // of the first errors
    std::vector<std::string> errors;
  };
  struct Running {
    OperationId operation = 0;
    ReplayReader reader;
    RateLimit rate;
    EventId last = 0;             // where it ends
    EventId looked_at = 0;        // read up to here
    EventId counted = 0;          // the outcomes of all events up to here are in `counts` or written down
    std::set<EventId> under_way;  // events whose outcomes have not come
    Counts counts;
    std::string trouble;          // why it cannot go on
    bool is_over = false;         // nothing more is sent
    Clock::time_point record_at;  // when to write down what there is

    [[nodiscard]] bool is_finished() const { return under_way.empty() && counted >= last; }
    /// Nothing more is sent, and nothing more is going to come.
    [[nodiscard]] bool has_ended() const;
  };

  void look(Clock::time_point now);
  void count(const RetryOutcome& outcome);
  void record();
  bool write();
  std::optional<Retry> send(ReplayReader::Batch batch);

  postgres::Connection& connection_;
  const Subscription& subscription_;
  const std::size_t batch_bytes_;
  std::optional<Running> running_;
  Clock::time_point looked_at_{};
  Clock::time_point look_at_{};  // while none is running: when to look for one
};

}  // namespace mailboat::producer
