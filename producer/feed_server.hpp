#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "common/channel.hpp"
#include "producer/commit_watch.hpp"
#include "producer/options.hpp"
#include "producer/session.hpp"

namespace mailboat::producer {

/// Accepts consumers, gives each a Session, hands their messages on and keeps the heartbeat, also while a
/// session is busy in PostgreSQL. Belongs to the thread that calls run().
class FeedServer {
 public:
  /// `options` must outlive the server.
  FeedServer(const ProducerOptions& options, std::unique_ptr<Listener> listener);

  /// Serves until `stop`, then ends every session and returns. Bad bytes from a peer are logged and dropped.
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Consumer {
    std::unique_ptr<Session> session;
    Clock::time_point heard_at;
  };

  void receive(std::chrono::milliseconds timeout);
  void on_message(const PeerId& peer, std::string_view bytes);
  void begin_session(const PeerId& peer, Hello hello);
  void end_sessions_of(const std::string& subscription, const std::string& replica);
  void keep_heartbeat(Clock::time_point now);
  void remove_finished();
  void end_all_sessions();

  const ProducerOptions& options_;
  std::unique_ptr<Listener> listener_;
  CommitWatch watch_;
  RefusalLog refusals_;
  std::map<PeerId, Consumer> consumers_;  // before the listener and the watch go, the sessions must be gone
  Clock::time_point heartbeat_at_{};
};

}  // namespace mailboat::producer
