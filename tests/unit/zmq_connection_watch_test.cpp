#include "common/zmq_connection_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/listen_address.hpp"

namespace mailboat {
namespace {

/// Hangs up on whoever connects.
class RudeListener {
 public:
  [[nodiscard]] std::string endpoint() const { return "tcp://" + address_of(listener_); }
  /// False when nobody comes.
  bool hang_up_once() {
    pollfd polled{listener_.get(), POLLIN, 0};
    constexpr int patience_ms = 20'000;
    if (::poll(&polled, 1, patience_ms) != 1) return false;
    return FileDescriptor(::accept(listener_.get(), nullptr, nullptr)).get() >= 0;
  }

 private:
  FileDescriptor listener_ = listen_at(parse_listen_address("127.0.0.1:0"));
};

// ZeroMQ keeps 2000 events unless it is told otherwise; each connection that breaks is two or more.
TEST(ZmqConnectionWatch, KeepsNobodyWaitingWhenNobodyLooks) {
  RudeListener listener;
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::push);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::reconnect_ivl, 1);
  ZmqConnectionWatch watch(context, socket, false);
  for (int i = 0; i < 20; ++i) socket.connect(listener.endpoint());
  for (int i = 0; i < 2500; ++i) ASSERT_TRUE(listener.hang_up_once()) << "ZeroMQ stands still, after " << i;
  watch.look();
  EXPECT_EQ(watch.broken(), Connection::Break::Unreachable);
}

}  // namespace
}  // namespace mailboat
