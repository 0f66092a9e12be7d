#pragma once

#include <optional>
#include <string>
#include <zmq.hpp>

namespace mailboat {

/// Notices why a connecting socket does not get through the handshake, which ZeroMQ itself does not tell
/// whoever waits for a message. One thread.
class ZmqHandshakeWatch {
 public:
  /// Before the socket connects, which has to outlive this. `has_keys`: it proves itself with keys.
  ZmqHandshakeWatch(zmq::context_t& context, zmq::socket_t& socket, bool has_keys);
  ~ZmqHandshakeWatch();
  ZmqHandshakeWatch(const ZmqHandshakeWatch&) = delete;
  ZmqHandshakeWatch& operator=(const ZmqHandshakeWatch&) = delete;

  /// What went wrong since the last call, and what to do about it; nothing when nothing did.
  [[nodiscard]] std::optional<std::string> failure();
  /// To be polled: readable when there is something to tell.
  [[nodiscard]] zmq::socket_ref socket() { return events_; }

 private:
  zmq::socket_t& watched_;
  const bool has_keys_;
  zmq::socket_t events_;
};

}  // namespace mailboat
