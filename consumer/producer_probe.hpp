#pragma once

#include <chrono>
#include <memory>

#include "common/channel.hpp"

namespace mailboat::consumer {

/// Finds out whether a producer that does not serve us is well: a heartbeat from somebody whom it has no
/// session with is answered at once (docs/protocol.md, SESSION_UNKNOWN). Never waits. One thread.
class ProducerProbe {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Finding {
    NotYet,
    Answers,  ///< three heartbeats
    Silent,   ///< it has gone, or not answered for five heartbeats
  };

  ProducerProbe(std::unique_ptr<Connection> connection, std::chrono::milliseconds heartbeat,
                Clock::time_point now);

  /// To be called about as often as heartbeats go, or oftener.
  Finding look(Clock::time_point now);

 private:
  void ask(Clock::time_point now);

  const std::unique_ptr<Connection> connection_;
  const std::chrono::milliseconds heartbeat_;
  Clock::time_point heard_at_;
  Clock::time_point asked_at_{};
  int answers_ = 0;
};

}  // namespace mailboat::consumer
