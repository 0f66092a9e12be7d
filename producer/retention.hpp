#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "producer/log_layout.hpp"

namespace mailboat::producer {

/// A thread with a PostgreSQL connection of its own in which a LogKeeper works until this goes. Whatever
/// happens to the connection, it is made again, later each time. Events pass on the way undisturbed.
class Retention {
 public:
  Retention(std::string conninfo, RetentionLimits limits);
  ~Retention() = default;

 private:
  void run(const std::stop_token& stop);

  const std::string conninfo_;
  const RetentionLimits limits_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::producer
