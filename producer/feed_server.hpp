#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "common/channel.hpp"
#include "common/hangup.hpp"
#include "common/health.hpp"
#include "producer/access.hpp"
#include "producer/admission.hpp"
#include "producer/commit_watch.hpp"
#include "producer/options.hpp"
#include "producer/producer_metrics.hpp"
#include "producer/sending_credit.hpp"
#include "producer/session.hpp"

namespace mailboat::producer {

/// Accepts consumers, gives each that may have it a Session, hands their messages on and keeps the heartbeat,
/// also while a session is busy in PostgreSQL. At SIGHUP it reads the allow list again, and ends the sessions
/// of those that it does not let in any more. Belongs to the thread that calls run().
class FeedServer {
 public:
  /// All but the listener must outlive the server.
  FeedServer(const ProducerOptions& options, std::unique_ptr<Listener> listener, Access& access,
             const HangupSignal& hangup, ProducerMetrics& metrics, Health& health);

  /// Serves until `stop`, then ends every session and returns. Bad bytes from a peer are logged and dropped.
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Consumer {
    std::string key;                          // that its Hello came with
    std::shared_ptr<std::atomic<bool>> open;  // nothing is sent to it once this is false
    std::unique_ptr<Session> session;
    Clock::time_point heard_at;
  };

  void receive(std::chrono::milliseconds timeout);
  void on_message(const Incoming& incoming);
  void begin_session(const PeerId& peer, const std::string& key, Hello hello);
  [[nodiscard]] bool is_admitted(const PeerId& peer, const std::string& key, const Hello& hello);
  [[nodiscard]] std::optional<Refusal> refusal_of(const std::string& key, const std::string& subscription);
  void end_sessions_of(const std::string& subscription, const std::string& replica);
  void end_forbidden_sessions();
  void answer(const PeerId& peer, const Refusal& refusal);
  void refuse_hello(const PeerId& peer, const std::string& key, const Hello& hello, const Refusal& refusal);
  void count(const Refusal& refusal);
  [[nodiscard]] Admission::Sessions sessions_with(const std::string& subscription) const;
  void keep_heartbeat(Clock::time_point now);
  void remove_finished();
  void end_all_sessions();

  const ProducerOptions& options_;
  std::unique_ptr<Listener> listener_;
  Access& access_;
  const HangupSignal& hangup_;
  ProducerMetrics& metrics_;
  Health& health_;
  Admission admission_;
  TokenBucket answers_;
  CommitWatch watch_;
  Senders senders_;
  SessionLog session_log_;
  log::Repeated strangers_{10};
  std::map<PeerId, Consumer> consumers_;  // before those go that they use, the sessions must be gone
  Clock::time_point heartbeat_at_{};
  bool is_stopping_ = false;
};

}  // namespace mailboat::producer
