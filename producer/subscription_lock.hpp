#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/inbox.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// How a session that waits for its subscription hears and speaks.
struct WaitingSession {
  Inbox& inbox;
  std::stop_token stop;
  std::function<void(const FromProducer&)> send;
};

/// Takes the subscription for this connection, to serve `replica`; it is free again when the connection ends.
/// Waits for whoever has it to let go, and after a second has PostgreSQL end a session that serves this same
/// replica: its producer hangs, or cannot be reached from there (docs/adr/0025). Throws SessionEnded at a
/// stop, SessionRefused (Busy) when another replica is being served, and SessionRefused (SourceUnavailable)
/// when the session of this one does not end.
void lock_subscription(postgres::Connection& connection, const Subscription& subscription,
                       const std::string& replica, const WaitingSession& session);

}  // namespace mailboat::producer
