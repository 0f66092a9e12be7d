#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "common/channel.hpp"

namespace mailboat {

/// Notices what becomes of a connecting socket's connection, which ZeroMQ itself does not tell whoever waits
/// for a message. One thread.
class ZmqConnectionWatch {
 public:
  /// Before the socket connects, which has to outlive this. `has_keys`: it proves itself with keys.
  ZmqConnectionWatch(zmq::context_t& context, zmq::socket_t& socket, bool has_keys);
  ~ZmqConnectionWatch();
  ZmqConnectionWatch(const ZmqConnectionWatch&) = delete;
  ZmqConnectionWatch& operator=(const ZmqConnectionWatch&) = delete;

  /// Takes in what has happened since the last call.
  void look();
  /// The connection stands, as far as look() has seen.
  [[nodiscard]] bool is_made() const { return is_made_; }
  /// Why a handshake has failed, and what to do about it; nothing when none has. Told once.
  [[nodiscard]] std::optional<std::string> failure();
  /// See Connection::broken(). Told once.
  [[nodiscard]] std::optional<Connection::Break> broken();
  /// To be polled: readable when there is something to look at.
  [[nodiscard]] zmq::socket_ref socket() { return events_; }

 private:
  void take(std::uint16_t event);

  zmq::socket_t& watched_;
  const bool has_keys_;
  zmq::socket_t events_;
  bool is_made_ = false;
  int broken_handshakes_ = 0;  // in a row, for no known reason
  std::optional<std::string> failure_;
  std::optional<Connection::Break> broken_;
};

}  // namespace mailboat
