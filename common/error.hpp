#pragma once

#include <stdexcept>

namespace mailboat {

/// Errors are typed by what the caller does next. Each message names what failed, with which input, and what
/// to do about it; it is shown to the operator as it is.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Outside text that is not what it claims to be. Reject the input; trying again will not help.
class InvalidInput : public Error {
 public:
  using Error::Error;
};

/// A snapshot text or triple that PostgreSQL would never produce.
class InvalidSnapshot : public InvalidInput {
 public:
  using InvalidInput::InvalidInput;
};

/// A usage or configuration mistake. Exit code 2.
class ConfigurationError : public Error {
 public:
  using Error::Error;
};

/// Something outside (a server, a disk, a lock) is not available now. Back off and try again.
class Unavailable : public Error {
 public:
  using Error::Error;
};

/// Going on would break a promise, and no retry mends it. Stop and show the sentence.
class Fatal : public Error {
 public:
  using Error::Error;
};

}  // namespace mailboat
