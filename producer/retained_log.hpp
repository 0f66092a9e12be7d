#pragma once

#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Keeps in the log, from now on, what a session is going to read: everything beyond `from`. Its replica may
/// be older than what was acknowledged, or may have been cut off. Throws ConnectionLost.
void hold_log(postgres::Connection& connection, const Subscription& subscription, const Snapshot& from);

/// True when something has left the log that `from` does not cover, or may not. What is held is not going to.
/// Throws ConnectionLost.
[[nodiscard]] bool has_left_log(postgres::Connection& connection, const Snapshot& from);

/// The subscription's next session, or this one if it reads the subscription again, loads every table.
void require_load(postgres::Connection& connection, const Subscription& subscription);

}  // namespace mailboat::producer
