#include "common/channel_zmq.hpp"

#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "common/error.hpp"
#include "common/outgoing.hpp"
#include "common/zmq_authenticator.hpp"
#include "common/zmq_connection_watch.hpp"

namespace mailboat {
namespace {

using std::chrono::milliseconds;

// How often ZeroMQ itself asks whether the other machine is still there, so that a cut network is noticed and
// the connection made anew. Whether the other *program* is alive is the feed's own heartbeat.
constexpr int transport_heartbeat_ms = 1000;
constexpr int transport_timeout_ms = 5000;
// How long a closing socket may take to hand over its last messages.
constexpr int linger_ms = 500;
// How long a peer may take to say who it is; whoever only connects does not keep a file descriptor for
// longer.
constexpr int handshake_timeout_ms = 5000;
// How many messages of one consumer wait here unread before no more are taken from its connection. In order,
// a consumer has a few under way.
constexpr int unread_limit = 100;

// Hands the buffer over without copying it.
zmq::message_t to_message(std::string bytes) {
  auto owned = std::make_unique<std::string>(std::move(bytes));
  zmq::message_t message(
      owned->data(), owned->size(), [](void*, void* hint) { delete static_cast<std::string*>(hint); },
      owned.get());
  static_cast<void>(owned.release());
  return message;
}

void set_common_options(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::linger, linger_ms);
  socket.set(zmq::sockopt::heartbeat_ivl, transport_heartbeat_ms);
  socket.set(zmq::sockopt::heartbeat_timeout, transport_timeout_ms);
  // Queues are bounded by credit, which the peers agree on, and not by silently dropping at a high-water
  // mark.
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  socket.set(zmq::sockopt::ipv6, true);
  socket.set(zmq::sockopt::handshake_ivl, handshake_timeout_ms);
}

// Waits until the queue has something to send, one of the sockets something to read, or the time is over.
// `second` may be none.
void wait_for_input(int queue_fd, zmq::socket_ref first, zmq::socket_ref second, milliseconds timeout) {
  std::array<zmq::pollitem_t, 3> items{{{nullptr, queue_fd, ZMQ_POLLIN, 0},
                                        {first.handle(), 0, ZMQ_POLLIN, 0},
                                        {second.handle(), 0, ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items.data(), second ? items.size() : items.size() - 1, timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
  }
}

// What zmq_msg_gets(3) calls the user id that the authenticator has answered with.
constexpr auto user_id = "User-Id";

std::string_view view(const zmq::message_t& message) { return {message.data<char>(), message.size()}; }

class ZmqListener : public Listener {
 public:
  ZmqListener(const std::string& endpoint, const ListenerSettings& settings)
      : socket_(context_, zmq::socket_type::router) {
    set_common_options(socket_);
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::rcvhwm, unread_limit);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(settings.message_limit));
    if (!settings.secret_key.empty()) require_keys(settings);
    try {
      socket_.bind(endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigurationError("cannot listen on '" + endpoint + "': " + error.what() +
                               " (is another producer running there? choose another address with --listen)");
    }
  }

  void receive(milliseconds timeout, const Handler& handler) override {
    flush(handler);
    wait_for_input(outgoing_.fd(), socket_, authenticator_ ? authenticator_->socket() : zmq::socket_ref(),
                   timeout);
    if (authenticator_) authenticator_->answer();
    hand_on_messages(handler);
    flush(handler);
  }

  void send(const PeerId& peer, std::string bytes) override { outgoing_.push({peer, std::move(bytes)}); }

 private:
  struct Item {
    PeerId peer;
    std::string bytes;
  };

  void require_keys(const ListenerSettings& settings) {
    authenticator_.emplace(context_, settings.admits);
    socket_.set(zmq::sockopt::curve_server, true);
    socket_.set(zmq::sockopt::curve_secretkey, settings.secret_key);
    socket_.set(zmq::sockopt::zap_domain, ZmqAuthenticator::domain);
  }

  // Without keys a peer could give itself a User-Id: ZeroMQ takes properties over from what the peer sends.
  std::string_view key_of(const zmq::message_t& message) const {
    if (!authenticator_) return {};
    const auto* user = ::zmq_msg_gets(message.handle(), user_id);
    return user == nullptr ? std::string_view() : user;
  }

  void flush(const Handler& handler) {
    for (auto& item : outgoing_.take()) {
      try {
        socket_.send(zmq::buffer(item.peer), zmq::send_flags::sndmore);
        socket_.send(to_message(std::move(item.bytes)), zmq::send_flags::none);
      } catch (const zmq::error_t& error) {
        if (error.num() != EHOSTUNREACH) throw;
        handler.unreachable(item.peer);
      }
    }
  }

  // Takes what has already arrived, a bounded number at a time, so that sending is never starved.
  void hand_on_messages(const Handler& handler) {
    constexpr int at_once = 100;
    for (int i = 0; i < at_once; ++i) {
      zmq::message_t peer;
      if (!socket_.recv(peer, zmq::recv_flags::dontwait)) return;
      zmq::message_t body;
      auto more = peer.more();
      if (more) more = socket_.recv(body).has_value() && body.more();
      const bool surplus_parts = more;
      while (more) {  // not one of ours: a DEALER of mailboat sends single-part messages
        zmq::message_t surplus;
        more = socket_.recv(surplus).has_value() && surplus.more();
      }
      const PeerId id(view(peer));
      handler.message({id, surplus_parts ? std::string_view() : view(body), key_of(body)});
    }
  }

  zmq::context_t context_;
  std::optional<ZmqAuthenticator> authenticator_;  // outlives the socket, which asks it
  zmq::socket_t socket_;
  Outgoing<Item> outgoing_;
};

class ZmqConnection : public Connection {
  static constexpr auto given_up =
      "the connection was given up: a message was larger than message_limit, or not ZeroMQ's";

 public:
  ZmqConnection(const std::string& endpoint, const ConnectionSettings& settings)
      : socket_(context_, zmq::socket_type::dealer),
        watch_(context_, socket_, !settings.producer_key.empty()) {
    set_common_options(socket_);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(settings.message_limit));
    if (!settings.producer_key.empty()) {
      socket_.set(zmq::sockopt::curve_serverkey, settings.producer_key);
      socket_.set(zmq::sockopt::curve_publickey, settings.own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, settings.own.secret_key);
    }
    try {
      socket_.connect(endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigurationError("cannot connect to '" + endpoint + "': " + error.what() +
                               " (expected something like tcp://127.0.0.1:5657)");
    }
  }

  // ZeroMQ would wait for whoever is away, to hand over what was said last.
  ~ZmqConnection() override {
    watch_.look();
    if (!watch_.is_made()) socket_.set(zmq::sockopt::linger, 0);
  }

  void receive(milliseconds timeout, const std::function<void(std::string_view)>& message) override {
    flush();
    wait_for_input(outgoing_.fd(), socket_, watch_.socket(), timeout);
    watch_.look();
    if (const auto failure = watch_.failure()) throw Unavailable(*failure);
    zmq::message_t body;
    if (socket_.recv(body, zmq::recv_flags::dontwait)) message(view(body));
    flush();
  }

  void send(std::string bytes) override { outgoing_.push(std::move(bytes)); }

  std::optional<Break> broken() override {
    if (has(ZMQ_POLLIN)) return std::nullopt;
    const auto broken = watch_.broken();
    if (broken == Break::Ended && is_given_up()) throw Unavailable(given_up);
    return broken;
  }

 private:
  [[nodiscard]] bool has(int event) const { return (socket_.get(zmq::sockopt::events) & event) != 0; }

  // A connection that was refused as such is not made anew, so there is no room for messages any more. ZeroMQ
  // tells of the end first, and takes the room away a moment later.
  [[nodiscard]] bool is_given_up() const {
    std::this_thread::sleep_for(milliseconds(10));
    return !has(ZMQ_POLLOUT);
  }

  void flush() {
    for (auto& bytes : outgoing_.take()) {
      // There is room for any number of messages, but none for one when ZeroMQ has given the connection up.
      // It would wait for another one for ever.
      if (socket_.send(to_message(std::move(bytes)), zmq::send_flags::dontwait)) continue;
      watch_.look();
      throw Unavailable(watch_.failure().value_or(given_up));
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  ZmqConnectionWatch watch_;
  Outgoing<std::string> outgoing_;
};

}  // namespace

std::unique_ptr<Listener> listen_zmq(const std::string& endpoint, const ListenerSettings& settings) {
  return std::make_unique<ZmqListener>(endpoint, settings);
}

std::unique_ptr<Connection> connect_zmq(const std::string& endpoint, const ConnectionSettings& settings) {
  return std::make_unique<ZmqConnection>(endpoint, settings);
}

}  // namespace mailboat
