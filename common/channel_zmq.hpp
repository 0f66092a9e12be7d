#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/channel.hpp"
#include "common/curve_key.hpp"

namespace mailboat {

/// How a producer lets consumers in.
struct ListenerSettings {
  /// Bytes of a message; the connection of a peer that sends a larger one is closed.
  std::uint64_t message_limit = std::uint64_t{4} << 20;
  /// Not empty: only CURVE is spoken, whatever a peer offers.
  std::string secret_key = {};
  /// With a secret key: whether the holder of a public key may come in. Asked by receive().
  std::function<bool(const std::string& public_key, const std::string& address)> admits = {};
};

/// Binds a ROUTER socket. `endpoint` is ZeroMQ's, e.g. `tcp://127.0.0.1:5657` or `ipc:///run/mailboat.sock`.
/// Throws ConfigurationError for an endpoint that cannot be bound.
std::unique_ptr<Listener> listen_zmq(const std::string& endpoint, const ListenerSettings& settings = {});

/// How a consumer goes to a producer.
struct ConnectionSettings {
  /// Bytes of a message; the connection is closed when a larger one comes.
  std::uint64_t message_limit = std::uint64_t{1200} << 20;
  /// Not empty: only CURVE is spoken, with `own`, and only with who has the secret key to it.
  std::string producer_key = {};
  KeyPair own = {};
};

/// Connects a DEALER socket; connecting goes on in the background until it succeeds. Throws
/// ConfigurationError for an endpoint that makes no sense. receive() throws Unavailable, saying what to do,
/// when the other end and we do not come to terms about keys.
std::unique_ptr<Connection> connect_zmq(const std::string& endpoint, const ConnectionSettings& settings = {});

}  // namespace mailboat
