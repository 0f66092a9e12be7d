#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/command_line.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// How a subscription retries what its replica refused: options of `subscribe` and `configure`.
class RetryOptions {
 public:
  void declare(CommandLine& line);
  [[nodiscard]] bool is_given() const;
  /// Stores what is given; the rest stays. Throws StatementFailed when it does not go with what is stored.
  void store(postgres::Connection& connection, const std::string& subscription) const;

 private:
  void require_usable() const;

  std::optional<std::uint32_t> max_attempts_;
  std::optional<std::chrono::milliseconds> retry_delay_;
  std::optional<std::chrono::milliseconds> retry_delay_max_;
};

/// `max-attempts 5, retry-delay 1s, retry-delay-max 5min`: what holds for an existing subscription.
std::string retry_settings(postgres::Connection& connection, const std::string& subscription);

}  // namespace mailboat::cli
