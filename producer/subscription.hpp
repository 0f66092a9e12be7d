#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/column_cut.hpp"

namespace mailboat::producer {

/// A row of `outbox.subscription`: a named stream to one replica.
struct Subscription {
  enum class Start { Load, Now, Earliest };

  std::int32_t id = 0;
  std::string name;
  Start start = Start::Load;
  std::optional<std::vector<std::string>> topics;  ///< nullopt: all; see TakenTopics for their names now
  Snapshot snapshot;                               ///< acknowledged; before that, of its creation
  bool acknowledged = false;                       ///< some replica has acknowledged a window already
  EventId acknowledged_event = 0;                  ///< the highest that had been applied by then
  std::optional<std::string> load_request = {};    ///< names the load that its next session begins with, ...
  std::string load_reason = {};                    ///< ... the reason for it, ...
  bool reset_cursor = false;                       ///< ... and that the replica's history counts for nothing
  std::int64_t selection = 0;                      ///< changes whenever topics or columns do
  ColumnCut columns = {};                          ///< what may be sent of the topics
  bool wants_times = false;                        ///< its replica has asked for the events' times
};

/// Throws SessionRefused (UnknownSubscription), naming the command that makes it.
Subscription find_subscription(postgres::Connection& connection, const std::string& name);

/// Takes the subscription for this connection, so that it feeds one consumer at a time; released with the
/// connection. False when another session, of whichever producer, has it.
bool try_lock_subscription(postgres::Connection& connection, const Subscription& subscription);

/// Tells PostgreSQL which copy of the data this connection is going to serve: end_session_of() finds it by
/// that. Call it before try_lock_subscription(); it holds as long as the connection.
void announce_replica(postgres::Connection& connection, const std::string& replica);

/// A replica talks to one producer at a time: when it asks us, whoever else holds the subscription for it
/// serves nobody any more. Has PostgreSQL end that session, which frees the subscription whatever has become
/// of its producer, and lets nothing more of it be written. Returns its process id, or nothing when the
/// subscription is free or held for another replica. Throws StatementFailed when our role may not do so.
std::optional<std::int64_t> end_session_of(postgres::Connection& connection, const Subscription& subscription,
                                           const std::string& replica);

/// What a replica says of its trouble, as it is written down: an operator's terminal can show it, and it is
/// no longer than a page. Pure.
std::string trouble_text(std::string_view trouble);
/// Writes down such a text, and since when the subscription's replica is in that trouble; empty: in none.
/// True when that was not known yet; writes nothing otherwise.
bool note_trouble(postgres::Connection& connection, std::int32_t subscription, const std::string& trouble);

}  // namespace mailboat::producer
