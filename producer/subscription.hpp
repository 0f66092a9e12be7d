#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "common/rate_meter.hpp"
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
};

/// Throws SessionRefused (UnknownSubscription), naming the command that makes it.
Subscription find_subscription(postgres::Connection& connection, const std::string& name);

/// Takes the subscription for this connection, so that it feeds one consumer at a time; released with the
/// connection. False when another session, of whichever producer, has it.
bool try_lock_subscription(postgres::Connection& connection, const Subscription& subscription);

/// Where a session begins. Pure.
struct ResumePoint {
  std::optional<Snapshot> cursor;  ///< what the replica has; none for a new one
  Snapshot read_from;              ///< the first window holds the events beyond it
  /// Every tracked table is loaded, so that the first window holds events of applications only.
  bool loads_tables = false;
};
/// Throws SessionRefused (CursorMissing) when a replica that cannot be rebuilt has come back empty.
ResumePoint resume_point(const Subscription& subscription, const std::optional<Cursor>& cursor);

/// Writes down what the subscription's replica is in trouble with, and since when; empty: with nothing. True
/// when that was not known yet; writes nothing otherwise.
bool note_trouble(postgres::Connection& connection, std::int32_t subscription, const std::string& trouble);

/// How a running load stands, for `mailboat status`.
struct LoadProgress {
  LoadPosition position;
  std::uint64_t estimated_rows = 0;
  std::vector<std::string> tables_left = {};  ///< topics, without this one
  std::uint64_t rows_sent = 0;                ///< of all tables, since the session began
};

/// Writes acknowledgements back to `outbox.subscription`: about once a second while events or rows flow,
/// rarely when only the clock of transaction ids has moved, never per event. The first one ends the replica's
/// trouble. It is what status and retention
/// go by; the cursor that decides what is sent next is the replica's own, so losing a write back loses
/// nothing. One thread.
class ProgressWriter {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressWriter(std::int32_t subscription, std::string consumer)
      : subscription_(subscription), consumer_(std::move(consumer)) {}

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

  const std::int32_t subscription_;
  const std::string consumer_;
  std::optional<Ack> acknowledged_;
  std::optional<LoadProgress> load_;
  RateMeter load_rate_;
  std::optional<std::string> trouble_;  // as known to PostgreSQL; nothing before the first Ack
  bool cursor_moved_ = false;           // by transaction ids alone
  bool content_moved_ = false;          // events or loaded rows
  Clock::time_point written_at_{};
};

}  // namespace mailboat::producer
