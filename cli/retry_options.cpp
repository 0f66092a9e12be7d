#include "cli/retry_options.hpp"

#include <limits>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

using std::chrono::milliseconds;

std::optional<std::string> seconds(const std::optional<milliseconds>& delay) {
  if (!delay) return std::nullopt;
  return std::to_string(std::chrono::duration<double>(*delay).count());
}

std::string duration_text(std::string_view whole_milliseconds) {
  return format_duration(milliseconds(std::stoll(std::string(whole_milliseconds))));
}

}  // namespace

void RetryOptions::declare(CommandLine& line) {
  line.argument({.name = "max-attempts",
                 .value = "N",
                 .help = "After so many failed retries an event is marked failed; 5 if never set"},
                max_attempts_);
  line.argument({.name = "retry-delay",
                 .value = "DURATION",
                 .help = "Before the first retry; doubles with each that fails; 1s if never set"},
                retry_delay_);
  line.argument({.name = "retry-delay-max",
                 .value = "DURATION",
                 .help = "No pause between retries is longer; 5min if never set"},
                retry_delay_max_);
  line.check([this] { require_usable(); });
}

bool RetryOptions::is_given() const { return max_attempts_ || retry_delay_ || retry_delay_max_; }

void RetryOptions::require_usable() const {
  constexpr std::uint32_t most = std::numeric_limits<std::int32_t>::max();
  if (max_attempts_ && (*max_attempts_ < 1 || *max_attempts_ > most)) {
    throw ConfigurationError("--max-attempts: " + std::to_string(*max_attempts_) + " is not between 1 and " +
                             std::to_string(most));
  }
  if (retry_delay_ && *retry_delay_ <= milliseconds(0))
    throw ConfigurationError("--retry-delay has to be above zero");
  if (retry_delay_max_ && retry_delay_max_ < retry_delay_) {
    throw ConfigurationError("--retry-delay-max (" + format_duration(*retry_delay_max_) +
                             ") is shorter than --retry-delay (" + format_duration(*retry_delay_) + ")");
  }
}

void RetryOptions::store(postgres::Connection& connection, const std::string& subscription) const {
  std::optional<std::string> max_attempts;
  if (max_attempts_) max_attempts = std::to_string(*max_attempts_);
  connection.query(
      "SELECT outbox.configure($1, $2::int, make_interval(secs => $3::float8), make_interval(secs => "
      "$4::float8))",
      {subscription, max_attempts, seconds(retry_delay_), seconds(retry_delay_max_)});
}

std::string retry_settings(postgres::Connection& connection, const std::string& subscription) {
  const auto rows = connection.query(
      "SELECT max_attempts, round(extract(epoch FROM retry_delay) * 1000)::bigint, "
      "round(extract(epoch FROM retry_delay_max) * 1000)::bigint FROM outbox.subscription WHERE name = $1",
      {subscription});
  return "max-attempts " + std::string(rows.text(0, 0)) + ", retry-delay " + duration_text(rows.text(0, 1)) +
         ", retry-delay-max " + duration_text(rows.text(0, 2));
}

}  // namespace mailboat::cli
