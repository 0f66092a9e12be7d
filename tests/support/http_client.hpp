#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "common/file_descriptor.hpp"

namespace mailboat::test {

/// What a server has answered.
struct HttpReply {
  int status = 0;         ///< 0: it closed the connection without a word
  std::string head = {};  ///< without the status line
  std::string body = {};
};

/// A connection to HOST:PORT, for whoever wants to be a slow, rude or curious client. Throws
/// std::runtime_error when nobody listens there.
class HttpConnection {
 public:
  explicit HttpConnection(const std::string& address);

  /// Sends the bytes as they are; false when nobody takes them any more.
  bool say(std::string_view bytes);
  /// Everything up to the connection's end.
  HttpReply reply();

 private:
  FileDescriptor socket_;
};

/// As curl would ask.
HttpReply http_get(const std::string& address, const std::string& path);

}  // namespace mailboat::test
