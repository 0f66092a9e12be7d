#pragma once

#include <memory>
#include <string>

#include "common/channel.hpp"

namespace mailboat {

/// Binds a ROUTER socket. `endpoint` is ZeroMQ's, e.g. `tcp://127.0.0.1:5657` or `ipc:///run/mailboat.sock`.
/// Throws ConfigurationError for an endpoint that cannot be bound.
std::unique_ptr<Listener> listen_zmq(const std::string& endpoint);

/// Connects a DEALER socket; connecting goes on in the background until it succeeds. Throws
/// ConfigurationError for an endpoint that makes no sense.
std::unique_ptr<Connection> connect_zmq(const std::string& endpoint);

}  // namespace mailboat
