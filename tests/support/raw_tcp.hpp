#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <system_error>

#include "common/file_descriptor.hpp"

namespace mailboat::test {

/// A TCP connection to `tcp://127.0.0.1:PORT`, for who speaks no protocol, or speaks it by hand. One thread.
class RawTcp {
 public:
  /// Throws std::system_error when nobody listens there.
  explicit RawTcp(const std::string& endpoint);

  /// Sends what the other end takes; false once it takes nothing more, or has hung up.
  bool send(const std::string& bytes) const;
  /// Everything until the other end hangs up; nothing when it does not.
  [[nodiscard]] std::optional<std::string> read_to_end(
      std::chrono::milliseconds timeout = std::chrono::seconds(30)) const;

 private:
  FileDescriptor socket_;
};

}  // namespace mailboat::test
