#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/repeated.hpp"
#include "consumer/feed_client.hpp"
#include "consumer/options.hpp"
#include "consumer/paused_loads.hpp"
#include "consumer/rejection_report.hpp"
#include "consumer/replica.hpp"
#include "consumer/source_monitor.hpp"
#include "consumer/window_applier.hpp"

namespace mailboat::consumer {

/// A refusal that may mend itself.
class RefusedForNow : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// A refusal that does not mend itself. Another producer may think otherwise.
class Refused : public Fatal {
 public:
  using Fatal::Fatal;
};

/// A window has been rolled back because its rest did not come while other sources waited to write.
class TurnLost : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// What following a source remembers from one session to the next.
struct FollowedSoFar {
  PausedLoads paused_loads;
  std::vector<std::string> paused_tables = {};  ///< as they were last logged
  std::size_t rejections = 0;                   ///< since the start
  bool has_committed = false;                   ///< a window, since the start
  bool caught_up = false;                       ///< with `until_caught_up`: it is done
  int turns_lost = 0;                           ///< since the last window that was committed
  std::optional<std::chrono::steady_clock::time_point> busy_since = {};  ///< another consumer is served
  log::Repeated beginnings{5};                                           ///< of sessions
  log::Repeated refused_events{};
};

/// How long the rest of a window may stay away while other sources wait to write: 5 s, doubled with each turn
/// lost in a row, 80 s at most. So a source that stops in the middle delays the others for a bounded time,
/// and a slow one comes through. Pure.
[[nodiscard]] std::chrono::seconds patience_with_window(int turns_lost);

/// One session with one producer: says Hello, applies frames to the replica, commits, acknowledges. One
/// thread; all references must outlive it.
class Conversation {
 public:
  Conversation(const ConsumerOptions& options, const Source& source, Replica& replica,
               const ReplicaFile& file, std::stop_token stop, FollowedSoFar& so_far, SourceMonitor& monitor)
      : options_(options),
        source_(source),
        replica_(replica),
        file_(file),
        stop_(std::move(stop)),
        so_far_(so_far),
        monitor_(monitor) {}

  struct Ports {
    std::function<void()> committed;       ///< called after each window
    std::function<bool()> better_answers;  ///< asked often: whether another producer is to be preferred
  };

  /// Returns after a stop, when all is done, or between two windows when a session with other loads or
  /// another producer has to follow. Throws ProducerLost, StreamBroken, TurnLost, RefusedForNow, InvalidInput
  /// for what is no message, Refused, and what the replica throws.
  void hold(const std::string& endpoint, Ports ports);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Hello hello();
  std::optional<Welcome> await_welcome(FeedClient& client);
  void begin_new_history();
  void follow_windows(FeedClient& client, WindowApplier& applier, RejectionReport& report);
  [[nodiscard]] bool session_over(const WindowApplier& applier) const;
  [[nodiscard]] bool is_better_served_elsewhere() const;
  void require_turn(const WindowApplier& applier, Clock::time_point heard_at);
  void on_message(FeedClient& client, WindowApplier& applier, RejectionReport& report,
                  const FeedClient::Received& received);
  void on_retry(FeedClient& client, const WindowApplier& applier, const Retry& retry);
  void report_verifications(FeedClient& client);
  [[nodiscard]] std::string trouble();
  void on_frame(FeedClient& client, WindowApplier& applier, RejectionReport& report, const Frame& frame,
                const RowsAhead& rows);
  void on_committed(const WindowApplier& applier, RejectionReport& report, Ack ack);
  void on_refused_load(const Replica::Summary& summary);
  void end_if_caught_up();
  [[noreturn]] void refused(const Refusal& refusal);

  const ConsumerOptions& options_;
  const Source& source_;
  Replica& replica_;
  const ReplicaFile& file_;
  const std::stop_token stop_;
  FollowedSoFar& so_far_;
  SourceMonitor& monitor_;
  Ports ports_;
};

}  // namespace mailboat::consumer
