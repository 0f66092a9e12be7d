#pragma once

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

}  // namespace mailboat::producer
