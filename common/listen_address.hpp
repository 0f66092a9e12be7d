#pragma once

#include <string>
#include <string_view>

#include "common/file_descriptor.hpp"

namespace mailboat {

/// HOST:PORT, as a program listens there itself, without ZeroMQ.
struct ListenAddress {
  std::string host;  ///< a name or an address; of IPv6 without its brackets
  std::string port;  ///< a number; 0 lets the system choose
};

/// Throws InvalidInput for anything else. Pure.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view text);

/// For an option: as above, and empty is allowed, too. Pure.
void require_listen_address(std::string_view text);

/// A TCP socket that listens there and does not block. Throws ConfigurationError, with the system's words.
[[nodiscard]] FileDescriptor listen_at(const ListenAddress& address);

/// Where a socket listens, as HOST:PORT with the port that the system has chosen.
[[nodiscard]] std::string address_of(const FileDescriptor& socket);

}  // namespace mailboat
