#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/messages.hpp"
#include "producer/commit_watch.hpp"
#include "producer/inbox.hpp"
#include "producer/options.hpp"
#include "producer/producer_metrics.hpp"
#include "producer/sending_credit.hpp"
#include "producer/session_log.hpp"

namespace mailboat::producer {

/// Serves one consumer in a thread of its own, with a PostgreSQL connection of its own, from its Hello until
/// it leaves, the connection breaks or request_stop(). Whatever ends it before, the consumer is told by a
/// Refusal. A Hello that only tells of trouble gets its answer without a session.
class Session {
 public:
  using Send = std::function<void(const FromProducer&)>;

  /// `send` may be called until the destructor returns. `options`, `watch`, `senders`, `session_log` and
  /// `metrics` must outlive the session.
  Session(const ProducerOptions& options, Hello hello, Send send, CommitWatch& watch, Senders& senders,
          SessionLog& session_log, ProducerMetrics& metrics);
  /// Stops and waits for the thread.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const Hello& hello() const { return hello_; }
  Inbox& inbox() { return inbox_; }

  /// Returns at once; the session ends after the current window, or earlier when its consumer does not keep
  /// up.
  void request_stop() { thread_.request_stop(); }
  /// As if the consumer had said goodbye: nothing more will come from it, and nobody waits for it.
  void consumer_is_gone() {
    inbox_.push_goodbye();
    thread_.request_stop();
  }
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  void run(const std::stop_token& stop);
  void tell_trouble();
  void serve(const std::stop_token& stop);
  void refuse(RefusalCode code, const std::string& text);

  const ProducerOptions& options_;
  const Hello hello_;
  const Send send_;
  CommitWatch& watch_;
  Senders& senders_;
  SessionLog& log_;
  ProducerMetrics& metrics_;
  Inbox inbox_;
  std::atomic<bool> finished_ = false;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::producer
