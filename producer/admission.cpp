#include "producer/admission.hpp"

namespace mailboat::producer {
namespace {

// A subscription has one session. Besides it there can be the one before, which is ending, one that waits for
// its turn, and a replica that tells of its trouble.
constexpr std::size_t most_of_subscription = 4;

}  // namespace

std::string Admission::too_many_hellos(const std::string& key, Clock::time_point now) {
  const auto rate = static_cast<double>(handshake_limit_);
  auto& bucket = handshakes_.try_emplace(key, rate, rate, now).first->second;
  if (bucket.take(now)) return {};
  return "more than " + std::to_string(handshake_limit_) + " Hellos in a second" +
         (key.empty() ? "" : " from one key") + " (handshake_limit of the producer)";
}

std::string Admission::too_many_sessions(Sessions sessions) const {
  if (sessions.of_subscription >= most_of_subscription)
    return "this subscription has " + std::to_string(sessions.of_subscription) +
           " sessions that have not ended yet";
  if (sessions.all >= session_limit_)
    return "this producer has all the sessions that it may have, " + std::to_string(session_limit_) +
           " (session_limit of the producer)";
  return {};
}

}  // namespace mailboat::producer
