#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"
#include "producer/table_change.hpp"

namespace mailboat::producer {

/// The loads and verifications that operators have asked for, of one subscription: finds them in
/// `outbox.operation`, tells what is to be sent next, and writes down how each table stands.
///
/// Belongs to the session's thread. `connection` must outlive it; look() and record() use it and must be
/// called outside of a window's transaction. They throw StatementFailed or ConnectionLost; nothing is lost
/// then: whoever serves the subscription next goes on by what is written and what the replica's Hello says.
class OperationDesk {
 public:
  using Clock = std::chrono::steady_clock;
  using Confirm = std::function<void(const VerificationRecorded&)>;

  /// `confirm` is called once PostgreSQL has committed the end of a table's verification.
  OperationDesk(postgres::Connection& connection, const Subscription& subscription, const Hello& hello,
                Confirm confirm);

  /// Asks PostgreSQL, when something may have changed, what is to be done, in the names that tables have in
  /// the replica: `known` is what it has been sent.
  void look(const Snapshot& known);
  /// Of a table that the window brings: what is under way follows it, and what was compared begins anew.
  void follow(const TableChange& change);
  void woken();
  /// How long look() has nothing to do, unless it is woken().
  [[nodiscard]] std::chrono::milliseconds quiet_for() const;

  // Loads.

  [[nodiscard]] bool has_loads_to_begin() const;
  /// Topics whose load begins with `window`, which ends at `to`. `is_loading`: a load of the topic is under
  /// way already and will bring what was asked for.
  std::vector<std::string> begin_loads(std::uint64_t window, const Snapshot& to,
                                       const std::function<bool(const std::string& topic)>& is_loading);
  void load_sent(const LoadPosition& position, std::uint64_t estimated_rows);
  /// The load ends with `window`.
  void load_ended(const LoadPosition& position, std::uint64_t window, bool gives_up);

  // Verifications, one table at a time.

  struct Verification {
    OperationId operation = 0;
    std::string requested;  ///< what the table was called when it was asked for, as the operation calls it
    bool repairs = false;
    LoadPosition position;
    bool has_begun = false;
    bool is_sent = false;  ///< to its end; the replica's answer is awaited
    std::uint64_t estimated_rows = 0;
  };
  /// The one that is to go on, to be kept up to date by whoever sends its chunks; nullptr without one.
  Verification* verification() { return verification_ ? &*verification_ : nullptr; }
  /// The topic's rows are written anew: what was compared no longer counts.
  void restart_verification(const std::string& topic);

  void acknowledged(std::uint64_t window);
  /// Queues what the replica has found until record().
  void take(Verified verified) { verified_.push_back(std::move(verified)); }
  /// Commits what is queued, and how far everything has come when that is due.
  void record();

 private:
  struct Load {
    enum class State { Requested, Begun, Running, Ended };
    OperationId operation = 0;
    std::string requested;  // as in Verification
    State state = State::Requested;
    LoadPosition position = {};
    std::uint64_t estimated_rows = 0;
    std::uint64_t window = 0;  // the one to be acknowledged before Begun or Ended is written
    Snapshot began_at = {};
    bool gives_up = false;
  };

  void read_loads(const Snapshot& known);
  void read_verification(const Snapshot& known);
  void request_scheduled();
  void take_over(Load& load, bool is_running, const std::optional<Snapshot>& began_at);
  bool write(OperationId operation, const std::string& topic, const char* status, std::uint64_t rows,
             std::uint64_t estimated_rows, const std::optional<std::string>& error,
             const std::optional<Snapshot>& snapshot);
  void write_load(Load& load);
  void write_progress();
  void record(const Verified& verified);

  postgres::Connection& connection_;
  const std::string subscription_;
  const std::optional<Snapshot> cursor_;        // the replica's, when the session began
  const std::vector<LoadPosition> unfinished_;  // its loads at that time
  const std::optional<RunningVerification> unfinished_verification_;
  const std::chrono::seconds verify_every_;
  const Confirm confirm_;

  std::vector<Load> loads_;
  std::optional<Verification> verification_;
  std::deque<Verified> verified_;
  std::uint64_t acknowledged_window_ = 0;
  bool has_looked_ = false;
  Clock::time_point looked_at_{};
  Clock::time_point look_at_{};
  Clock::time_point schedule_look_at_{};
  Clock::time_point written_at_{};
};

}  // namespace mailboat::producer
