#pragma once

#include <functional>
#include <string>
#include <zmq.hpp>

namespace mailboat {

/// Answers ZeroMQ's question, at the end of each CURVE handshake, whether the holder of that public key may
/// come in. It becomes the message property `User-Id` of whatever the peer sends then. Source:
/// https://rfc.zeromq.org/spec/27/ (ZAP). One thread.
class ZmqAuthenticator {
 public:
  /// `address` is that of the peer, for the log.
  using Admits = std::function<bool(const std::string& public_key, const std::string& address)>;
  /// Has a socket ask that it is set for.
  static constexpr auto domain = "mailboat";

  /// Make it before the sockets of `context` that it decides for are bound, and end it after them: where
  /// nobody can be asked, ZeroMQ lets everybody in.
  ZmqAuthenticator(zmq::context_t& context, Admits admits);

  /// Answers all questions that have come. Returns at once.
  void answer();
  /// To be polled: readable when there is a question.
  [[nodiscard]] zmq::socket_ref socket() { return socket_; }

 private:
  const Admits admits_;
  zmq::socket_t socket_;
};

}  // namespace mailboat
