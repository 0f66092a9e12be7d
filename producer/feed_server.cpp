#include "producer/feed_server.hpp"

#include "common/codec.hpp"
#include "common/log.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// How long the server waits for messages before it looks at the clock and at `stop`.
constexpr milliseconds receive_slice{100};
// A consumer that has been silent for so many heartbeats is taken for dead.
constexpr int silent_heartbeats = 5;

}  // namespace

FeedServer::FeedServer(const ProducerOptions& options, std::unique_ptr<Listener> listener)
    : options_(options),
      listener_(std::move(listener)),
      watch_(options.postgres, options.poll_interval_max) {}

void FeedServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    receive(receive_slice);
    keep_heartbeat(Clock::now());
    remove_finished();
  }
  end_all_sessions();
}

void FeedServer::receive(milliseconds timeout) {
  listener_->receive(
      timeout, {.message = [this](const PeerId& peer, std::string_view bytes) { on_message(peer, bytes); },
                .unreachable =
                    [this](const PeerId& peer) {
                      const auto known = consumers_.find(peer);
                      if (known != consumers_.end()) known->second.session->consumer_is_gone();
                    }});
}

void FeedServer::on_message(const PeerId& peer, std::string_view bytes) {
  try {
    auto message = decode_from_consumer(bytes);
    if (auto* hello = std::get_if<Hello>(&message)) {
      begin_session(peer, std::move(*hello));
      return;
    }
    const auto known = consumers_.find(peer);
    if (known == consumers_.end()) {
      // It spoke to a producer that stood here before us. A heartbeat is enough to tell it.
      if (std::holds_alternative<Goodbye>(message)) return;
      listener_->send(peer, encode(FromProducer{Refusal{RefusalCode::SessionUnknown,
                                                        "this producer has no session with you"}}));
      return;
    }
    known->second.heard_at = Clock::now();
    known->second.session->inbox().push(std::move(message));
  } catch (const InvalidInput& error) {
    log::warn("a message that is not ours was dropped", {{"error", error.what()}});
  }
}

void FeedServer::begin_session(const PeerId& peer, Hello hello) {
  if (const auto known = consumers_.find(peer); known != consumers_.end()) {
    log::warn("a second Hello on one connection was dropped", {{"subscription", hello.subscription}});
    return;
  }
  if (hello.trouble.empty()) end_sessions_of(hello.subscription, hello.replica);
  auto send = [this, peer](const FromProducer& message) { listener_->send(peer, encode(message)); };
  consumers_.emplace(peer, Consumer{std::make_unique<Session>(options_, std::move(hello), std::move(send),
                                                              watch_, refusals_),
                                    Clock::now()});
}

// A replica's file is locked by its one process. If the same replica says Hello again, that process or its
// connection has been replaced, and the old session serves nobody: the new one need not wait until its
// silence is noticed.
void FeedServer::end_sessions_of(const std::string& subscription, const std::string& replica) {
  for (auto& [peer, consumer] : consumers_) {
    const auto& hello = consumer.session->hello();
    if (hello.subscription == subscription && hello.replica == replica) {
      consumer.session->consumer_is_gone();
    }
  }
}

void FeedServer::keep_heartbeat(Clock::time_point now) {
  if (now - heartbeat_at_ < options_.heartbeat) return;
  heartbeat_at_ = now;
  const auto heartbeat = encode(FromProducer{Heartbeat{}});
  for (auto& [peer, consumer] : consumers_) {
    listener_->send(peer, heartbeat);
    const auto longer_heartbeat = std::max(options_.heartbeat, consumer.session->hello().heartbeat);
    if (now - consumer.heard_at > silent_heartbeats * longer_heartbeat && !consumer.session->finished()) {
      log::warn("a consumer has fallen silent", {{"subscription", consumer.session->hello().subscription}});
      consumer.session->consumer_is_gone();
    }
  }
}

void FeedServer::remove_finished() {
  std::erase_if(consumers_, [](const auto& entry) { return entry.second.session->finished(); });
}

void FeedServer::end_all_sessions() {
  for (auto& [peer, consumer] : consumers_) consumer.session->request_stop();
  // Their last acknowledgements still come in through us, and their goodbyes go out.
  while (!consumers_.empty()) {
    receive(milliseconds(20));
    remove_finished();
  }
  receive(milliseconds(0));
}

}  // namespace mailboat::producer
