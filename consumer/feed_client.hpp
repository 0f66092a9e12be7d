#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/channel.hpp"
#include "common/error.hpp"
#include "common/messages.hpp"
#include "consumer/rows_ahead.hpp"

namespace mailboat::consumer {

/// The producer cannot be reached, has closed the connection, or has fallen silent.
class ProducerLost : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// One conversation with one producer, from Hello to Goodbye. A thread of its own receives, decodes and keeps
/// the heartbeat, so that neither a long commit here nor a long query there looks like death. What it has
/// decoded is bounded by the credit that the Hello gave. next() belongs to one thread.
class FeedClient {
 public:
  struct Received {
    FromProducer message;
    RowsAhead rows;  ///< of a Frame
  };
  /// What to do while nobody listens at the producer's address.
  enum class IfUnreachable {
    Wait,    ///< as if it were silent: it may be about to start
    GiveUp,  ///< at once: somebody else can be asked
  };

  /// Says Hello. `heartbeat` is how often we give a sign of life. We wait for one of the producer's for five
  /// of the longer of the two heartbeats. Rows are decoded into `columns`, which must outlive this.
  FeedClient(std::unique_ptr<Connection> connection, const Hello& hello, std::chrono::milliseconds heartbeat,
             const ColumnsInForce& columns, IfUnreachable if_unreachable);
  /// Says Goodbye.
  ~FeedClient();
  FeedClient(const FeedClient&) = delete;
  FeedClient& operator=(const FeedClient&) = delete;

  /// The next message (heartbeats are kept to itself), or nothing after `timeout` or a stop. Throws
  /// ProducerLost once the producer has gone, fallen silent, or said what is not a message.
  std::optional<Received> next(const std::stop_token& stop, std::chrono::milliseconds timeout);
  void send(const FromConsumer& message);

 private:
  void run(const std::stop_token& stop);
  void receive(std::string_view bytes);
  [[nodiscard]] bool is_lost();
  void fail(const std::string& reason);

  const std::unique_ptr<Connection> connection_;
  const std::chrono::milliseconds heartbeat_;
  const IfUnreachable if_unreachable_;
  std::chrono::milliseconds longer_heartbeat_;      // the thread's own
  std::chrono::steady_clock::time_point heard_at_;  // the thread's own
  AheadDecoder decoder_;                            // the thread's own

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Received> messages_;  // guarded by mutex_
  std::string failure_;            // guarded by mutex_

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::consumer
