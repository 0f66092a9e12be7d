#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"

namespace mailboat::producer {

/// A row of `outbox.subscription`: a named stream to one replica.
struct Subscription {
  enum class Start { Load, Now, Earliest };

  std::int32_t id = 0;
  std::string name;
  Start start = Start::Load;
  std::optional<std::vector<std::string>> topics;  ///< nullopt: all
  Snapshot snapshot;                               ///< acknowledged; before that, of its creation
  bool acknowledged = false;                       ///< some replica has acknowledged a window already
  EventId acknowledged_event = 0;                  ///< the highest that had been applied by then
  std::optional<std::string> load_request = {};    ///< names the load that its next session begins with, ...
  std::string load_reason = {};                    ///< ... the reason for it, ...
  bool reset_cursor = false;                       ///< ... and that the replica's history counts for nothing
};

/// Throws SessionRefused (UnknownSubscription), naming the command that makes it.
Subscription find_subscription(postgres::Connection& connection, const std::string& name);

/// Takes the subscription for this connection, so that it feeds one consumer at a time; released with the
/// connection. False when another session, of whichever producer, has it.
bool try_lock_subscription(postgres::Connection& connection, const Subscription& subscription);

/// Writes down what the subscription's replica is in trouble with, and since when; empty: with nothing. True
/// when that was not known yet; writes nothing otherwise.
bool note_trouble(postgres::Connection& connection, std::int32_t subscription, const std::string& trouble);

class LoadRequest;

/// How a running load stands, for `mailboat status`.
struct LoadProgress {
  LoadPosition position;
  std::uint64_t estimated_rows = 0;
  std::size_t tables_left = 0;
};

/// Writes acknowledgements back to `outbox.subscription`: about once a second while events or rows flow,
/// rarely when only the clock of transaction ids has moved, never per event. The first one ends the replica's
/// trouble. It is what status and retention
/// go by; the cursor that decides what is sent next is the replica's own, so losing a write back loses
/// nothing. One thread.
class ProgressWriter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `request` must outlive this. It is fulfilled with the first acknowledgement, which is then written at
  /// once.
  ProgressWriter(std::int32_t subscription, std::string consumer, LoadRequest& request)
      : subscription_(subscription), consumer_(std::move(consumer)), request_(request) {}

  void acknowledged(const Ack& ack);
  void loading(std::optional<LoadProgress> progress);

  /// Tells that a consumer is here, once when a session begins.
  void write_connected(postgres::Connection& connection);
  void write_if_due(postgres::Connection& connection);
  /// Writes whatever has not been written: at the end of a session.
  void write_rest(postgres::Connection& connection);

 private:
  [[nodiscard]] bool is_due(Clock::time_point now) const;
  void write_trouble(postgres::Connection& connection);
  void write(postgres::Connection& connection);
  void write_progress(postgres::Connection& connection);

  const std::int32_t subscription_;
  const std::string consumer_;
  LoadRequest& request_;
  std::optional<Ack> acknowledged_;
  std::optional<LoadProgress> load_;
  std::optional<std::string> trouble_;  // as known to PostgreSQL; nothing before the first Ack
  bool cursor_moved_ = false;           // by transaction ids alone
  bool content_moved_ = false;          // events or loaded rows
  Clock::time_point written_at_{};
};

}  // namespace mailboat::producer
