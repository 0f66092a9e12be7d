#include "common/zmq_connection_watch.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

#include "common/error.hpp"

namespace mailboat {
namespace {

constexpr auto events_at = "inproc://connection";
// Without keys, a handshake that breaks off may be a producer that stops, or a tunnel to one that is away:
// ZeroMQ makes the connection anew. So many in a row are a producer that wants keys, which often hangs up
// before it has said so.
constexpr int most_broken_handshakes = 3;

// Source: zmq_socket_monitor(3): a part of 16 bits for the event and 32 for its value, then one for the
// address.
std::optional<std::uint16_t> next_event(zmq::socket_t& events) {
  zmq::message_t event;
  zmq::message_t address;
  if (!events.recv(event, zmq::recv_flags::dontwait)) return std::nullopt;
  if (event.more()) static_cast<void>(events.recv(address));
  std::uint16_t kind = 0;
  if (event.size() >= sizeof kind) std::memcpy(&kind, event.data(), sizeof kind);
  return kind;
}

const char* meaning(std::uint16_t event, bool has_keys) {
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
    return "it does not know this consumer's key. Have the public key (mailboat keygen wrote it to FILE.pub) "
           "put on the producer's allow list";
  }
  if (!has_keys) {
    return "it wants keys, and this consumer has none; or it is away, and something else answers in its "
           "place. Give key-file and producer-key, see docs/security.md";
  }
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
    return "it does not speak CURVE: it has no keys, or is no mailboat-producer. Give it key-file and "
           "allow-list, see docs/security.md";
  }
  return "it ended the handshake: producer-key is not its public key, it has no keys itself, or it is being "
         "stopped";
}

bool is_failed_handshake(std::uint16_t event) {
  return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH || event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
         event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
}

}  // namespace

ZmqConnectionWatch::ZmqConnectionWatch(zmq::context_t& context, zmq::socket_t& socket, bool has_keys)
    : watched_(socket), has_keys_(has_keys), events_(context, zmq::socket_type::pair) {
  const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED |
                     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
  if (::zmq_socket_monitor(socket.handle(), events_at, events) != 0)
    throw Unavailable("cannot watch a ZeroMQ socket: " + std::string(::zmq_strerror(::zmq_errno())));
  events_.set(zmq::sockopt::linger, 0);
  // Unlimited: at a limit ZeroMQ's own thread would wait, with a lock that the destructor needs, for somebody
  // to look, and nobody may for as long as it takes. In a minute without a producer come some hundred events.
  events_.set(zmq::sockopt::rcvhwm, 0);
  events_.connect(events_at);
}

// First of all: without `events_` ZeroMQ's own thread would wait for ever for somebody to take its next
// event.
ZmqConnectionWatch::~ZmqConnectionWatch() { ::zmq_socket_monitor(watched_.handle(), nullptr, 0); }

void ZmqConnectionWatch::look() {
  while (const auto event = next_event(events_)) take(*event);
}

void ZmqConnectionWatch::take(std::uint16_t event) {
  if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) broken_handshakes_ = 0;
  const bool says_nothing = event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && !has_keys_ &&
                            ++broken_handshakes_ < most_broken_handshakes;
  if (is_failed_handshake(event) && !says_nothing) failure_ = meaning(event, has_keys_);
  const bool was_made = std::exchange(is_made_, event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  if (is_made_) return;
  // Before the handshake nothing is sent: what ends until then (at a tunnel, for example) was none. And an
  // end stays one although the connection is made anew at once, and that may fail.
  if (broken_ != Connection::Break::Ended)
    broken_ = was_made ? Connection::Break::Ended : Connection::Break::Unreachable;
}

std::optional<std::string> ZmqConnectionWatch::failure() { return std::exchange(failure_, std::nullopt); }

std::optional<Connection::Break> ZmqConnectionWatch::broken() { return std::exchange(broken_, std::nullopt); }

}  // namespace mailboat
