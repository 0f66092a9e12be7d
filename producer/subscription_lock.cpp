#include "producer/subscription_lock.hpp"

#include <chrono>
#include <optional>
#include <variant>

#include "common/log.hpp"
#include "producer/session_ended.hpp"
#include "producer/source.hpp"

namespace mailboat::producer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How long to wait for the session that had the subscription before to let go of it: it may belong to a
// consumer that has just died, or to a producer that has not noticed yet.
constexpr milliseconds patience{3000};
// How long it may take to end in good order where we could have it ended.
constexpr milliseconds patience_with_same_replica{1000};
constexpr milliseconds retry_interval{50};

std::string held_by(std::int64_t process, const Subscription& subscription) {
  return "subscription '" + subscription.name + "' is held for this same replica by PostgreSQL process " +
         std::to_string(process);
}

std::optional<std::int64_t> end_other_session(postgres::Connection& connection,
                                              const Subscription& subscription, const std::string& replica) {
  try {
    return end_session_of(connection, subscription, replica);
  } catch (const postgres::StatementFailed& error) {
    throw SessionRefused(RefusalCode::SourceUnavailable,
                         "subscription '" + subscription.name +
                             "' is held for this same replica by a session that another producer does not "
                             "let go of, and that cannot be ended: " +
                             error.what() +
                             ". Have all producers of a subscription log in to PostgreSQL as one role");
  }
}

// Waits for a moment. Before the Welcome there is nothing to be heard but that the consumer leaves.
void wait_a_little(const WaitingSession& session) {
  session.inbox.wait_for_message(session.stop, retry_interval);
  for (const auto& message : session.inbox.take()) {
    if (std::holds_alternative<Goodbye>(message)) throw SessionEnded("the consumer has left");
  }
  if (session.stop.stop_requested()) throw SessionEnded("stopped before it began");
}

SessionRefused does_not_become_free(std::optional<std::int64_t> process, const Subscription& subscription) {
  if (process) {
    return {RefusalCode::SourceUnavailable,
            held_by(*process, subscription) + ", which was told to end and has not yet"};
  }
  return {RefusalCode::Busy, "subscription '" + subscription.name +
                                 "' already feeds another consumer. Stop that one first, or give "
                                 "this replica a subscription of its own with: mailboat subscribe NAME"};
}

}  // namespace

void lock_subscription(postgres::Connection& connection, const Subscription& subscription,
                       const std::string& replica, const WaitingSession& session) {
  announce_replica(connection, replica);
  if (try_lock_subscription(connection, subscription)) return;
  // If the consumer has left meanwhile, this is found undeliverable, and we are stopped: a session that
  // nobody wants any more must not end the one that has taken its place.
  session.send(Heartbeat{});
  const auto since = Clock::now();
  std::optional<std::int64_t> ended;
  while (!try_lock_subscription(connection, subscription)) {
    const auto waited = Clock::now() - since;
    if (waited >= patience) throw does_not_become_free(ended, subscription);
    wait_a_little(session);
    if (waited < patience_with_same_replica || replica.empty()) continue;
    const auto before = ended;
    ended = end_other_session(connection, subscription, replica);
    if (ended && ended != before) {
      log::warn("the session of a producer that does not let go was ended",
                {{"subscription", subscription.name}, {"postgres_process", *ended}});
    }
  }
}

}  // namespace mailboat::producer
