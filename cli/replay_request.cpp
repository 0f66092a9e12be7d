#include "cli/replay_request.hpp"

#include "cli/parse_id.hpp"
#include "common/duration.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

std::optional<std::int64_t> event_id(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return parse_id(*text, "the id of an event");
}

std::optional<std::string> text_of(const std::optional<std::int64_t>& number) {
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

std::optional<std::chrono::milliseconds> age(const std::string& text) {
  try {
    return parse_duration(text);
  } catch (const InvalidInput&) {
    return std::nullopt;
  }
}

constexpr auto utc_format = R"('YYYY-MM-DD"T"HH24:MI:SS.US"Z"')";

}  // namespace

void ReplayOptions::declare(CommandLine& line) {
  line.position({.name = "NAME", .value = "", .help = "The subscription", .required = true}, name_);
  line.argument({.name = "from-id", .value = "ID", .help = "Only this event and later ones"}, from_id_text_);
  line.argument({.name = "to-id", .value = "ID", .help = "Only this event and earlier ones"}, to_id_text_);
  line.argument({.name = "since",
                 .value = "TIME",
                 .help = "Only written then or later: 2026-03-01T12:00:00Z, or 2h for two hours ago"},
                since_);
  line.argument({.name = "until", .value = "TIME", .help = "Only written then or earlier"}, until_);
  line.argument({.name = "topic", .value = "TOPIC", .help = "Only this topic"}, topic_);
  line.argument({.name = "key",
                 .value = "COLUMN=VALUE",
                 .help = "Only rows of --topic with this key; once for each column of it",
                 .has_commas = true},
                key_);
  line.argument({.name = "all", .value = "", .help = "All that the log still holds"}, all_);
  line.check([this] { require_usable(); });
}

void ReplayOptions::require_usable() {
  from_id_ = event_id(from_id_text_);
  to_id_ = event_id(to_id_text_);
  const bool restricted = from_id_ || to_id_ || since_ || until_ || topic_;
  if (!key_.empty() && !topic_) throw ConfigurationError("--key needs the --topic whose key it is");
  if (!restricted && !all_)
    throw ConfigurationError("which events? Say --from-id, --to-id, --since, --until, --topic, or --all");
  if (restricted && all_) throw ConfigurationError("either --all or a restriction, not both");
  if (from_id_ && to_id_ && *from_id_ > *to_id_)
    throw ConfigurationError("--from-id " + *from_id_text_ + " is above --to-id " + *to_id_text_);
}

ReplayRequest ReplayOptions::resolve(postgres::Connection& connection) const {
  ReplayRequest request;
  request.subscription = name_;
  request.from_id = from_id_;
  request.to_id = to_id_;
  if (since_) request.since = resolve_time(connection, "--since", *since_);
  if (until_) request.until = resolve_time(connection, "--until", *until_);
  if (request.since && request.until && *request.since > *request.until)
    throw InvalidInput("--since " + *request.since + " is later than --until " + *request.until);
  request.topic = topic_;
  if (!key_.empty()) request.key = resolve_key(connection, *topic_, key_);
  return request;
}

std::string resolve_time(postgres::Connection& connection, const std::string& option,
                         const std::string& text) {
  const auto shown = [](const std::string& time) {
    return "SELECT to_char((" + time + ") AT TIME ZONE 'UTC', " + utc_format + ")";
  };
  if (const auto ago = age(text)) {
    const auto seconds = std::to_string(std::chrono::duration<double>(*ago).count());
    return std::string(
        connection.query(shown("statement_timestamp() - make_interval(secs => $1::float8)"), {seconds})
            .text(0, 0));
  }
  try {
    const auto rows =
        connection.query(shown("CASE WHEN isfinite($1::timestamptz) THEN $1::timestamptz END"), {text});
    if (!rows.is_null(0, 0)) return std::string(rows.text(0, 0));
  } catch (const postgres::StatementFailed& error) {
    // 22: a data exception, here that of a text that is no time.
    if (!error.sqlstate().starts_with("22")) throw;
  }
  throw InvalidInput(option + ": '" + text.substr(0, 80) +
                     "' is neither a time (2026-03-01T12:00:00Z) nor a duration (2h: two hours ago)");
}

postgres::Params replay_params(const ReplayRequest& request) {
  return {request.subscription,
          text_of(request.from_id),
          text_of(request.to_id),
          request.since,
          request.until,
          request.topic,
          request.key};
}

}  // namespace mailboat::cli
