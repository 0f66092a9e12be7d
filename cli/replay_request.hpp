#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/command_line.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// Which events a replay is to send again. What is not given does not restrict.
struct ReplayRequest {
  std::string subscription;
  std::optional<std::int64_t> from_id, to_id;  ///< both included
  std::optional<std::string> since, until;     ///< UTC, ISO 8601; both included
  std::optional<std::string> topic;
  std::optional<std::string> key;  ///< a JSON object: key columns and their values, as the log writes them
};

/// The request as options of `mailboat replay`.
class ReplayOptions {
 public:
  void declare(CommandLine& line);
  /// The request with its times counted from now, by the server's clock. Throws InvalidInput for what is no
  /// time, and for a key that is not one of the topic's.
  [[nodiscard]] ReplayRequest resolve(postgres::Connection& connection) const;

 private:
  void require_usable();

  std::string name_;
  std::optional<std::string> from_id_text_, to_id_text_;
  std::optional<std::int64_t> from_id_, to_id_;
  std::optional<std::string> since_, until_;
  std::optional<std::string> topic_;
  std::vector<std::string> key_;
  bool all_ = false;
};

/// A time as it is typed, in UTC: what PostgreSQL takes for a timestamptz, or a duration: so long ago.
/// `option` is for the sentence. Throws InvalidInput.
std::string resolve_time(postgres::Connection& connection, const std::string& option,
                         const std::string& text);

/// `COLUMN=VALUE` of each key column that is given, as a JSON object whose values are written as the log
/// writes them. Throws InvalidInput when it is no such pair, no key column of the topic, or no value of its
/// type.
std::string resolve_key(postgres::Connection& connection, const std::string& topic,
                        const std::vector<std::string>& pairs);

/// subscription, from_id, to_id, since, until, topic, key: as parameters $1 to $7.
postgres::Params replay_params(const ReplayRequest& request);

}  // namespace mailboat::cli
