#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "producer/token_bucket.hpp"

namespace mailboat::producer {

/// How many Hellos the producer, and the PostgreSQL behind it, can bear: each that is let through takes a
/// thread and a connection. The rate counts for each key by itself, so that one consumer gone mad does not
/// lock the others out. One thread.
class Admission {
 public:
  using Clock = TokenBucket::Clock;

  /// Sessions that there are, those that are ending included.
  struct Sessions {
    std::size_t all = 0;
    std::size_t of_subscription = 0;  ///< that the Hello is for
  };

  /// `handshake_limit`: Hellos of one key in a second.
  Admission(std::uint32_t session_limit, std::uint32_t handshake_limit)
      : session_limit_(session_limit), handshake_limit_(handshake_limit) {}

  /// Why a Hello from `key` (empty: a feed without keys) is not listened to at `now`; empty when it is.
  std::string too_many_hellos(const std::string& key, Clock::time_point now);
  /// Why there can be no session more; empty when there can.
  [[nodiscard]] std::string too_many_sessions(Sessions sessions) const;

  /// Keys that may have left the allow list are not remembered any more.
  void forget_keys() { handshakes_.clear(); }

 private:
  const std::uint32_t session_limit_;
  const std::uint32_t handshake_limit_;
  std::map<std::string, TokenBucket> handshakes_;  // of keys on the allow list only
};

}  // namespace mailboat::producer
