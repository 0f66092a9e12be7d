#include "producer/feed_server.hpp"

#include <algorithm>

#include "common/codec.hpp"
#include "common/error.hpp"
#include "common/log.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// How long the server waits for messages before it looks at the clock and at `stop`.
constexpr milliseconds receive_slice{100};
// PostgreSQL's limit for the name of a subscription, see 0002_subscription.sql.
constexpr std::size_t longest_name = 63;
// How many peers in a second are told that they have no session: a peer that asks for ever and never reads
// would have the answers pile up here.
constexpr double answers_per_second = 200;

constexpr auto not_allowed =
    "the allow list does not let this consumer's key take the subscription. Add it there, and send the "
    "producer a "
    "SIGHUP";

}  // namespace

FeedServer::FeedServer(const ProducerOptions& options, std::unique_ptr<Listener> listener, Access& access,
                       const HangupSignal& hangup, ProducerMetrics& metrics, Health& health)
    : options_(options),
      listener_(std::move(listener)),
      access_(access),
      hangup_(hangup),
      metrics_(metrics),
      health_(health),
      admission_(options.session_limit, options.handshake_limit),
      answers_(answers_per_second, answers_per_second, Clock::now()),
      watch_(options.postgres, options.poll_interval_max) {}

void FeedServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    health_.beat();
    receive(receive_slice);
    if (hangup_.came() && access_.read_again()) end_forbidden_sessions();
    keep_heartbeat(Clock::now());
    remove_finished();
  }
  end_all_sessions();
}

void FeedServer::receive(milliseconds timeout) {
  listener_->receive(timeout, {.message = [this](const Incoming& incoming) { on_message(incoming); },
                               .unreachable =
                                   [this](const PeerId& peer) {
                                     const auto known = consumers_.find(peer);
                                     if (known != consumers_.end()) known->second.session->consumer_is_gone();
                                   }});
}

void FeedServer::on_message(const Incoming& incoming) {
  try {
    auto message = decode_from_consumer(incoming.bytes);
    if (auto* hello = std::get_if<Hello>(&message)) {
      begin_session(incoming.peer, std::string(incoming.key), std::move(*hello));
      return;
    }
    const auto known = consumers_.find(incoming.peer);
    if (known == consumers_.end() || known->second.key != incoming.key) {
      // It spoke to a producer that stood here before us. A heartbeat is enough to tell it.
      if (std::holds_alternative<Goodbye>(message)) return;
      answer(incoming.peer, {RefusalCode::SessionUnknown, "this producer has no session with you"});
      return;
    }
    auto& consumer = known->second;
    consumer.heard_at = Clock::now();
    if (std::holds_alternative<Heartbeat>(message)) return;
    if (!consumer.session->inbox().push(std::move(message), incoming.bytes.size())) {
      log::warn("a consumer says more than can be taken in; its session ends",
                {{"subscription", consumer.session->hello().subscription}});
      consumer.session->consumer_is_gone();
    }
  } catch (const InvalidInput& error) {
    metrics_.bad_messages.with({}).add();
    strangers_.say(log::Level::Warning, without_digits(error.what()),
                   "a message that is not ours was dropped", {{"error", error.what()}});
  }
}

void FeedServer::answer(const PeerId& peer, const Refusal& refusal) {
  if (answers_.take(Clock::now())) listener_->send(peer, encode(FromProducer{refusal}));
}

void FeedServer::begin_session(const PeerId& peer, const std::string& key, Hello hello) {
  if (hello.subscription.size() > longest_name)
    throw InvalidInput("a Hello for a subscription whose name has more than 63 characters");
  if (const auto known = consumers_.find(peer); known != consumers_.end()) {
    strangers_.say(log::Level::Warning, hello.subscription, "a second Hello on one connection was dropped",
                   {{"subscription", hello.subscription}});
    return;
  }
  if (!is_admitted(peer, key, hello)) return;
  if (hello.trouble.empty()) end_sessions_of(hello.subscription, hello.replica);
  auto open = std::make_shared<std::atomic<bool>>(true);
  auto send = [this, peer, open](const FromProducer& message) {
    if (*open) listener_->send(peer, encode(message));
  };
  auto session = std::make_unique<Session>(options_, std::move(hello), std::move(send), watch_, senders_,
                                           session_log_, metrics_);
  consumers_.emplace(peer, Consumer{key, std::move(open), std::move(session), Clock::now()});
}

bool FeedServer::is_admitted(const PeerId& peer, const std::string& key, const Hello& hello) {
  const auto refusal = refusal_of(key, hello.subscription);
  if (refusal) refuse_hello(peer, key, hello, *refusal);
  return !refusal;
}

// Nobody is told anything of a subscription that it may not take.
std::optional<Refusal> FeedServer::refusal_of(const std::string& key, const std::string& subscription) {
  if (is_stopping_) return Refusal{RefusalCode::ShuttingDown, "the producer is stopping"};
  auto busy = admission_.too_many_hellos(key, Clock::now());
  if (!busy.empty()) return Refusal{RefusalCode::SourceUnavailable, std::move(busy)};
  if (!access_.may_take(key, subscription)) return Refusal{RefusalCode::NotAllowed, not_allowed};
  busy = admission_.too_many_sessions(sessions_with(subscription));
  if (!busy.empty()) return Refusal{RefusalCode::SourceUnavailable, std::move(busy)};
  return std::nullopt;
}

// Remembered by the consumer and not by the subscription: anybody can name a thousand of those.
void FeedServer::refuse_hello(const PeerId& peer, const std::string& key, const Hello& hello,
                              const Refusal& refusal) {
  count(refusal);
  session_log_.refusals.say(
      log::Level::Warning, "key " + key + ' ' + without_digits(refusal.text), "session refused",
      {{"subscription", hello.subscription}, {"consumer", access_.name_of(key)}, {"reason", refusal.text}});
  answer(peer, refusal);
}

void FeedServer::count(const Refusal& refusal) {
  metrics_.refusals.with({std::string(code_name(refusal.code))}).add();
}

Admission::Sessions FeedServer::sessions_with(const std::string& subscription) const {
  const auto count = std::count_if(consumers_.begin(), consumers_.end(), [&](const auto& entry) {
    return entry.second.session->hello().subscription == subscription;
  });
  return {consumers_.size(), static_cast<std::size_t>(count)};
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

void FeedServer::end_forbidden_sessions() {
  admission_.forget_keys();
  for (auto& [peer, consumer] : consumers_) {
    const auto& subscription = consumer.session->hello().subscription;
    if (!*consumer.open || access_.may_take(consumer.key, subscription)) continue;
    log::warn("a session ends: the allow list has changed",
              {{"subscription", subscription}, {"consumer", access_.name_of(consumer.key)}});
    *consumer.open = false;
    const Refusal refusal{RefusalCode::NotAllowed, not_allowed};
    count(refusal);
    listener_->send(peer, encode(FromProducer{refusal}));
    consumer.session->consumer_is_gone();
  }
}

void FeedServer::keep_heartbeat(Clock::time_point now) {
  if (now - heartbeat_at_ < options_.heartbeat) return;
  heartbeat_at_ = now;
  session_log_.say_what_is_over();
  strangers_.say_what_is_over();
  const auto heartbeat = encode(FromProducer{Heartbeat{}});
  for (auto& [peer, consumer] : consumers_) {
    if (*consumer.open) listener_->send(peer, heartbeat);
    const auto longer_heartbeat = std::max(options_.heartbeat, consumer.session->hello().heartbeat);
    if (now - consumer.heard_at > silent_heartbeats * longer_heartbeat && !consumer.session->finished()) {
      const auto& subscription = consumer.session->hello().subscription;
      session_log_.course.say(log::Level::Warning, subscription, "a consumer has fallen silent",
                              {{"subscription", subscription}});
      consumer.session->consumer_is_gone();
    }
  }
}

void FeedServer::remove_finished() {
  std::erase_if(consumers_, [](const auto& entry) { return entry.second.session->finished(); });
}

// Whoever says Hello now gets no session, which would have to be ended as well.
void FeedServer::end_all_sessions() {
  is_stopping_ = true;
  for (auto& [peer, consumer] : consumers_) consumer.session->request_stop();
  // Their last acknowledgements still come in through us, and their goodbyes go out.
  while (!consumers_.empty()) {
    receive(milliseconds(20));
    remove_finished();
    health_.beat();
  }
  receive(milliseconds(0));
}

}  // namespace mailboat::producer
