#pragma once

#include "common/error.hpp"

namespace mailboat::producer {

/// The consumer said goodbye, the session was told to stop, or it has to begin anew.
class SessionEnded : public Error {
 public:
  using Error::Error;
};

}  // namespace mailboat::producer
