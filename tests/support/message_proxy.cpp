#include "tests/support/message_proxy.hpp"

#include <utility>

#include "common/channel_zmq.hpp"
#include "common/codec.hpp"
#include "common/error.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds listen_slice{1};
// Taken from one producer's connection before the others have their turn.
constexpr int messages_at_once = 50;

}  // namespace

MessageProxy::MessageProxy(const std::string& listen_at, std::string producer)
    : producer_(std::move(producer)), listener_(listen_zmq(listen_at)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

MessageProxy::~MessageProxy() {
  thread_.request_stop();
  thread_.join();
}

void MessageProxy::treat(FromConsumerRule rule) {
  const std::lock_guard lock(mutex_);
  consumer_rule_ = std::move(rule);
}

void MessageProxy::treat(FromProducerRule rule) {
  const std::lock_guard lock(mutex_);
  producer_rule_ = std::move(rule);
}

void MessageProxy::pass_all() {
  const std::lock_guard lock(mutex_);
  consumer_rule_ = nullptr;
  producer_rule_ = nullptr;
}

void MessageProxy::release() {
  const std::lock_guard lock(mutex_);
  for (auto& stored : std::exchange(stored_, {}))
    forward(stored.from_consumer, newest_, std::move(stored.bytes));
}

void MessageProxy::forget() {
  const std::lock_guard lock(mutex_);
  stored_.clear();
}

int MessageProxy::treated() const {
  const std::lock_guard lock(mutex_);
  return treated_;
}

void MessageProxy::run(const std::stop_token& stop) {
  const auto gone = [this](const PeerId& peer) {
    const std::lock_guard lock(mutex_);
    sessions_.erase(peer);
  };
  const Listener::Handler handler{
      .message = [this](const Incoming& incoming) { from_consumer(incoming.peer, incoming.bytes); },
      .unreachable = gone};
  while (!stop.stop_requested()) {
    listener_->receive(listen_slice, handler);
    const std::lock_guard lock(mutex_);
    for (auto& [peer, producer] : sessions_) {
      bool more = true;
      for (int i = 0; more && i < messages_at_once; ++i) {
        more = false;
        producer->receive(milliseconds(0), [&, &to = peer](std::string_view bytes) {
          more = true;
          from_producer(to, bytes);
        });
      }
    }
  }
}

// Each consumer's connection has its own one to the producer, so that the producer sees as many as there are.
void MessageProxy::from_consumer(const PeerId& peer, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!sessions_.contains(peer)) {
    sessions_.emplace(peer, connect_zmq(producer_));
    newest_ = peer;
  }
  auto treatment = Treatment::Pass;
  try {
    if (consumer_rule_) treatment = consumer_rule_(decode_from_consumer(bytes));
  } catch (const InvalidInput&) {
    // Nonsense is passed on as it is.
  }
  for (int i = copies(treatment, true, bytes); i > 0; --i) forward(true, peer, std::string(bytes));
}

void MessageProxy::from_producer(const PeerId& peer, std::string_view bytes) {
  auto treatment = Treatment::Pass;
  try {
    if (producer_rule_) treatment = producer_rule_(decode_from_producer(bytes));
  } catch (const InvalidInput&) {
    // Nonsense is passed on as it is.
  }
  for (int i = copies(treatment, false, bytes); i > 0; --i) forward(false, peer, std::string(bytes));
}

int MessageProxy::copies(Treatment treatment, bool from_consumer, std::string_view bytes) {
  if (treatment == Treatment::Pass) return 1;
  ++treated_;
  const bool stores = treatment == Treatment::Hold || treatment == Treatment::Keep;
  if (stores) stored_.push_back({from_consumer, std::string(bytes)});
  if (treatment == Treatment::Duplicate) return 2;
  return treatment == Treatment::Keep ? 1 : 0;
}

void MessageProxy::forward(bool to_producer, const PeerId& peer, std::string bytes) {
  if (!to_producer) {
    listener_->send(peer, std::move(bytes));
  } else if (const auto session = sessions_.find(peer); session != sessions_.end()) {
    session->second->send(std::move(bytes));
  }
}

}  // namespace mailboat::test
