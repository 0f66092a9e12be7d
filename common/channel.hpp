#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The ports through which messages travel. They carry bytes and know nothing of what these mean; a transport
/// other than ZeroMQ is another implementation of this page.
namespace mailboat {

/// Names one connected consumer for as long as its connection lasts.
using PeerId = std::string;

/// A message that has come to a Listener.
struct Incoming {
  const PeerId& peer;
  std::string_view bytes;
  /// The public key that the peer has proven to be its own; empty on a channel without keys.
  std::string_view key;
};

/// The producer's end. receive() belongs to one thread; send() may be called from any.
class Listener {
 public:
  virtual ~Listener() = default;

  struct Handler {
    std::function<void(const Incoming&)> message;
    std::function<void(const PeerId&)> unreachable;  ///< something was to be sent there, but nobody is there
  };
  /// Waits up to `timeout` and hands on what has come by then. Messages to each peer leave in the order of
  /// send().
  virtual void receive(std::chrono::milliseconds timeout, const Handler& handler) = 0;

  /// Queues a message. Whoever sends bounds the queue (see Credit in docs/protocol.md).
  virtual void send(const PeerId& peer, std::string bytes) = 0;
};

/// The consumer's end. receive() belongs to one thread; send() may be called from any.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Waits up to `timeout` and hands on what has come by then.
  virtual void receive(std::chrono::milliseconds timeout,
                       const std::function<void(std::string_view)>& message) = 0;
  virtual void send(std::string bytes) = 0;

  enum class Break {
    Unreachable,  ///< nobody listens there; what has been sent waits until somebody does
    Ended,        ///< the other end has closed it: messages may be missing
  };
  /// What has happened to the connection since the last call. Nothing while all is well, and nothing before
  /// all that had come has been handed on. The connection is made anew by itself. Belongs to the thread of
  /// receive().
  [[nodiscard]] virtual std::optional<Break> broken() = 0;
};

}  // namespace mailboat
