#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "common/rate_meter.hpp"
#include "postgres/connection.hpp"
#include "producer/load_request.hpp"
#include "producer/resume_point.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// How a running load stands, for `mailboat status`.
struct LoadProgress {
  LoadPosition position;
  std::uint64_t estimated_rows = 0;
  std::vector<std::string> tables_left = {};  ///< topics, without this one
  std::uint64_t rows_sent = 0;                ///< of all tables, since the session began
};

/// Writes acknowledgements back to `outbox.subscription`: about once a second while events or rows flow,
/// rarely when only the clock of transaction ids has moved, never per event; and at once while somebody waits
/// in `outbox.wait_for()`. The first one ends the replica's trouble. It is what status, retention and
/// `wait_for` go by; the cursor that decides what is sent next is the replica's own, so losing a write back
/// loses nothing. One thread.
class ProgressWriter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `request` must outlive this. It is fulfilled with the first acknowledgement, which is then written at
  /// once.
  ProgressWriter(std::int32_t subscription, std::string consumer, LoadRequest& request)
      : subscription_(subscription), consumer_(std::move(consumer)), request_(request) {}

  /// What the acknowledgement of a window will mean.
  struct Window {
    std::uint64_t number = 0;
    bool has_content = false;          ///< events or loaded rows, and not the clock alone
    std::optional<LoadProgress> load;  ///< with this window; nothing when none is left to do
  };
  /// In order of their numbers.
  void sent(Window window);
  void acknowledged(const Ack& ack);

  /// Tells that a consumer is here, once when a session begins, and what its file lacks of what was
  /// acknowledged before: it may be new, or an older copy.
  void write_connected(postgres::Connection& connection, const Subscription& before,
                       const ResumePoint& resume);
  void write_if_due(postgres::Connection& connection);
  /// Writes whatever has not been written: at the end of a session.
  void write_rest(postgres::Connection& connection);
  /// How long write_if_due() has nothing to do, unless an acknowledgement comes.
  [[nodiscard]] std::chrono::milliseconds quiet_for() const;

 private:
  void take(std::optional<LoadProgress> load);
  [[nodiscard]] bool is_due(Clock::time_point now) const;
  bool is_awaited(postgres::Connection& connection, Clock::time_point now);
  void write_in_order(postgres::Connection& connection, bool with_progress);
  void write_trouble(postgres::Connection& connection);
  void write(postgres::Connection& connection);
  void write_progress(postgres::Connection& connection);

  const std::int32_t subscription_;
  const std::string consumer_;
  LoadRequest& request_;
  std::deque<Window> under_way_;  // not acknowledged
  std::optional<Ack> acknowledged_;
  RateMeter load_rate_;
  std::optional<LoadProgress> load_;    // as of acknowledged_
  std::optional<std::string> trouble_;  // as known to PostgreSQL; nothing before the first Ack
  bool cursor_moved_ = false;           // by transaction ids alone
  bool content_moved_ = false;          // events or loaded rows
  Clock::time_point written_at_{};
  Clock::time_point looked_at_{};  // whether somebody waits
};

}  // namespace mailboat::producer
