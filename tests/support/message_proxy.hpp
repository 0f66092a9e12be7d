#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/channel.hpp"
#include "common/messages.hpp"

namespace mailboat::test {

/// Stands between a producer and its consumers and understands what they say to each other: each message can
/// be passed on, held back, lost or doubled, as a rule says. So a test reaches the moment between any two
/// steps of the protocol without a hook in the programs. Any thread.
class MessageProxy {
 public:
  enum class Treatment {
    Pass,
    Hold,  ///< not yet: release() lets it through. Others overtake it
    Drop,
    Duplicate,  ///< twice, one right after the other
    Keep,       ///< passed on, and once more at release()
  };
  using FromConsumerRule = std::function<Treatment(const FromConsumer&)>;
  using FromProducerRule = std::function<Treatment(const FromProducer&)>;

  /// Consumers connect to `listen_at`; the producer may come and go.
  MessageProxy(const std::string& listen_at, std::string producer);
  ~MessageProxy();
  MessageProxy(const MessageProxy&) = delete;
  MessageProxy& operator=(const MessageProxy&) = delete;

  /// From now on; in place of the rule before. Rules are asked by the proxy's thread, one message at a time.
  void treat(FromConsumerRule rule);
  void treat(FromProducerRule rule);
  /// Passes everything on from now on, both ways. What is held stays held.
  void pass_all();

  /// Sends what was held or kept, in the order in which it came, to whoever is in session now: after a new
  /// Hello the messages of an old session turn up in the new one.
  void release();
  /// Forgets what was held or kept.
  void forget();
  /// How many messages have been treated otherwise than passed on.
  [[nodiscard]] int treated() const;

 private:
  struct Stored {
    bool from_consumer;
    std::string bytes;
  };
  void run(const std::stop_token& stop);
  void from_consumer(const PeerId& peer, std::string_view bytes);
  void from_producer(const PeerId& peer, std::string_view bytes);
  int copies(Treatment treatment, bool from_consumer, std::string_view bytes);
  void forward(bool to_producer, const PeerId& peer, std::string bytes);

  const std::string producer_;
  const std::unique_ptr<Listener> listener_;

  mutable std::mutex mutex_;
  FromConsumerRule consumer_rule_;                          // guarded by mutex_
  FromProducerRule producer_rule_;                          // guarded by mutex_
  std::vector<Stored> stored_;                              // guarded by mutex_
  int treated_ = 0;                                         // guarded by mutex_
  std::map<PeerId, std::unique_ptr<Connection>> sessions_;  // guarded by mutex_
  PeerId newest_;                                           // guarded by mutex_
  std::jthread thread_;                                     // last: it uses everything above
};

/// A rule for one kind of message: `proxy.treat(from_consumer<Ack>(Treatment::Hold))`.
template <typename Message>
MessageProxy::FromConsumerRule from_consumer(MessageProxy::Treatment treatment) {
  return [treatment](const FromConsumer& message) {
    return std::holds_alternative<Message>(message) ? treatment : MessageProxy::Treatment::Pass;
  };
}
template <typename Message>
MessageProxy::FromProducerRule from_producer(MessageProxy::Treatment treatment) {
  return [treatment](const FromProducer& message) {
    return std::holds_alternative<Message>(message) ? treatment : MessageProxy::Treatment::Pass;
  };
}

}  // namespace mailboat::test
