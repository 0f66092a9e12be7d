#include "common/channel_zmq.hpp"

#include <array>
#include <deque>
#include <mutex>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <zmq.hpp>

#include "common/error.hpp"

namespace mailboat {
namespace {

using std::chrono::milliseconds;

// How often ZeroMQ itself asks whether the other machine is still there, so that a cut network is noticed and
// the connection made anew. Whether the other *program* is alive is the feed's own heartbeat.
constexpr int transport_heartbeat_ms = 1000;
constexpr int transport_timeout_ms = 5000;
// How long a closing socket may take to hand over its last messages.
constexpr int linger_ms = 500;
// What a consumer may send in one message: a Hello that names many unfinished loads is the largest. Bytes
// that mean nothing can take eight times their size once decoded, so it is not generous.
constexpr std::int64_t consumer_message_limit = 4 << 20;

// Lets any thread interrupt the poll of the thread that owns the socket.
class WakeUp {
 public:
  WakeUp() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw Unavailable("cannot create an eventfd: too many open files?");
  }
  ~WakeUp() { ::close(fd_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void ring() {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the poll is awake anyway.
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  void reset() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Messages waiting for the thread that owns the socket.
template <typename Item>
class Outgoing {
 public:
  void push(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    wake_up_.ring();
  }
  std::deque<Item> take() {
    wake_up_.reset();
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }
  [[nodiscard]] int fd() const { return wake_up_.fd(); }

 private:
  WakeUp wake_up_;
  std::mutex mutex_;
  std::deque<Item> items_;
};

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
}

// Waits until the socket has something to read, the queue something to send, or the time is over.
bool wait_for_input(zmq::socket_t& socket, int queue_fd, milliseconds timeout) {
  std::array<zmq::pollitem_t, 2> items{
      {{socket.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, queue_fd, ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items.data(), items.size(), timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
  }
  return (items[0].revents & ZMQ_POLLIN) != 0;
}

std::string_view view(const zmq::message_t& message) { return {message.data<char>(), message.size()}; }

class ZmqListener : public Listener {
 public:
  explicit ZmqListener(const std::string& endpoint) : socket_(context_, zmq::socket_type::router) {
    set_common_options(socket_);
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::maxmsgsize, consumer_message_limit);
    try {
      socket_.bind(endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigurationError("cannot listen on '" + endpoint + "': " + error.what() +
                               " (is another producer running there? choose another address with --listen)");
    }
  }

  void receive(milliseconds timeout, const Handler& handler) override {
    flush(handler);
    if (wait_for_input(socket_, outgoing_.fd(), timeout)) hand_on_messages(handler);
    flush(handler);
  }

  void send(const PeerId& peer, std::string bytes) override { outgoing_.push({peer, std::move(bytes)}); }

 private:
  struct Item {
    PeerId peer;
    std::string bytes;
  };

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
      handler.message(PeerId(view(peer)), surplus_parts ? std::string_view() : view(body));
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  Outgoing<Item> outgoing_;
};

class ZmqConnection : public Connection {
 public:
  explicit ZmqConnection(const std::string& endpoint) : socket_(context_, zmq::socket_type::dealer) {
    set_common_options(socket_);
    try {
      socket_.connect(endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigurationError("cannot connect to '" + endpoint + "': " + error.what() +
                               " (expected something like tcp://127.0.0.1:5657)");
    }
  }

  void receive(milliseconds timeout, const std::function<void(std::string_view)>& message) override {
    flush();
    if (wait_for_input(socket_, outgoing_.fd(), timeout)) {
      zmq::message_t body;
      if (socket_.recv(body, zmq::recv_flags::dontwait)) message(view(body));
    }
    flush();
  }

  void send(std::string bytes) override { outgoing_.push(std::move(bytes)); }

 private:
  void flush() {
    for (auto& bytes : outgoing_.take()) socket_.send(to_message(std::move(bytes)), zmq::send_flags::none);
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  Outgoing<std::string> outgoing_;
};

}  // namespace

std::unique_ptr<Listener> listen_zmq(const std::string& endpoint) {
  return std::make_unique<ZmqListener>(endpoint);
}

std::unique_ptr<Connection> connect_zmq(const std::string& endpoint) {
  return std::make_unique<ZmqConnection>(endpoint);
}

}  // namespace mailboat
