#include "consumer/options.hpp"

#include "common/duration.hpp"
#include "common/endpoint.hpp"
#include "common/error.hpp"
#include "common/key_file.hpp"
#include "common/listen_address.hpp"
#include "common/message_limit.hpp"
#include "consumer/route_examination.hpp"

namespace mailboat::consumer {
namespace {

void declare_source(CommandLine& line, Source& only) {
  line.setting({.name = "producer",
                .value = "ENDPOINT",
                .help = "Where mailboat-producer listens; repeat it to name stand-ins. Several sources: "
                        "[[source]] in the file",
                .required = true,
                .unless_tables = "source"},
               only.producers);
  line.setting({.name = "producer-key",
                .value = "KEY",
                .help = "The producer's public key; of several producers one for all, or one for each",
                .unless_tables = "source"},
               only.producer_keys);
  line.setting({.name = "subscription",
                .value = "NAME",
                .help = "The stream to follow, made with: mailboat subscribe NAME",
                .required = true,
                .unless_tables = "source"},
               only.subscription);
}

void declare_security(CommandLine& line, ConsumerOptions& options) {
  line.setting({.name = "key-file",
                .value = "FILE",
                .help = "Our secret key, made with: mailboat keygen FILE; needed beyond this machine"},
               options.key_file);
  line.setting({.name = "insecure",
                .value = "",
                .help = "Allow a producer on another machine although there are no keys"},
               options.insecure);
  line.setting(
      {.name = "message-limit", .value = "SIZE", .help = "The largest message that a producer may send"},
      options.message_limit);
}

void declare(CommandLine& line, ConsumerOptions& options) {
  line.setting({.name = "database",
                .value = "FILE",
                .help = "The SQLite file to keep up to date; made when it does not exist",
                .required = true},
               options.database);
  declare_security(line, options);
  line.setting({.name = "until-caught-up",
                .value = "",
                .help = "End once everything committed before the start has been applied"},
               options.until_caught_up);
  line.setting(
      {.name = "heartbeat", .value = "DURATION", .help = "How often a sign of life goes to the producer"},
      options.heartbeat);
  line.setting({.name = "reject-limit",
                .value = "NUMBER",
                .help = "Stop when more events of one window are rejected; 0: never"},
               options.reject_limit);
  line.setting({.name = "verify-every",
                .value = "DURATION",
                .help = "How often to compare all tables with the source; 0: only when asked to"},
               options.verify_every);
  line.tables("route", "How a topic becomes rows of a table: [routes](routes.md)",
              [&options](const std::string& path, const std::vector<ConfigTable>& tables) {
                options.routes = parse_routes(path, tables);
              });
  line.tables("source", "One of several sources into the one file: [sources](sources.md)",
              [&options](const std::string& path, const std::vector<ConfigTable>& tables) {
                options.sources = parse_sources(path, tables);
              });
  line.setting({.name = "metrics-listen",
                .value = "HOST:PORT",
                .help = "Where /metrics, /healthz and /readyz are answered, e.g. 127.0.0.1:9658"},
               options.metrics_listen);
  line.setting({.name = "log-level", .value = "LEVEL", .help = "debug, info, warning or error"},
               options.log_level);
  line.setting({.name = "log-format", .value = "FORMAT", .help = "text, or json: an object for each line"},
               options.log_format);
}

void require_name(const std::string& name, const char* sentence) {
  if (name.empty()) throw InvalidInput(sentence);
}

void require_secure(const Source& source, const ConsumerOptions& options) {
  const auto what = (source.name.empty() ? "" : "source " + source.name + ": ") + "producer-key";
  const auto keys = source.producer_keys.size();
  for (const auto& key : source.producer_keys) require_key(key);
  if (keys > 1 && keys != source.producers.size()) {
    throw ConfigurationError(what + ": there are " + std::to_string(keys) + " keys for " +
                             std::to_string(source.producers.size()) +
                             " producers. Give one for all of them, or one for each");
  }
  if (keys > 0 && options.key_file.empty()) {
    throw ConfigurationError(what +
                             " needs a key-file as well: the producer wants to know who we are. Make one "
                             "with: mailboat keygen FILE");
  }
  if (keys > 0) return;
  for (const auto& endpoint : source.producers) require_private_connection(endpoint, options.insecure);
}

void require_endpoints(const std::vector<std::string>& endpoints) {
  if (endpoints.empty()) throw InvalidInput("the list is empty");
  for (const auto& endpoint : endpoints) require_endpoint(endpoint);
}

void require_usable_pause(std::chrono::milliseconds verify_every) {
  if (verify_every != std::chrono::milliseconds(0) && verify_every < std::chrono::minutes(1))
    throw InvalidInput("has to be a minute or more, or 0s for never");
}

void declare_checks(CommandLine& line, ConsumerOptions& options, const Source& only) {
  const auto has_one_source = [&options] { return options.sources.empty(); };
  line.check("producer", [&only, has_one_source] {
    if (has_one_source()) require_endpoints(only.producers);
  });
  line.check("subscription", [&only, has_one_source] {
    if (has_one_source()) require_name(only.subscription, "the name is empty");
  });
  line.check("database", [&options] { require_name(options.database, "the file name is empty"); });
  line.check("heartbeat", [&options] { require_above_zero(options.heartbeat); });
  line.check("verify-every", [&options] { require_usable_pause(options.verify_every); });
  line.check("message-limit",
             [&options] { require_message_limit(options.message_limit, "a frame may be that large"); });
  line.check("metrics-listen", [&options] { require_listen_address(options.metrics_listen); });
  line.check([&options, &only] {
    if (options.sources.empty()) options.sources.push_back(only);
    assign_routes(options.routes, options.sources);
    for (const auto& source : options.sources) require_secure(source, options);
    if (!options.key_file.empty()) options.keys = read_key_file(options.key_file);
  });
}

}  // namespace

std::variant<ConsumerOptions, ExitCode> parse_options(const std::vector<std::string>& arguments,
                                                      Terminal terminal, const Environment& environment) {
  ConsumerOptions options;
  Source only;
  CommandLine line(
      "mailboat-consumer", "Keeps a SQLite file equal to tables in PostgreSQL, as mailboat-producer tells.",
      "mailboat-consumer --producer tcp://127.0.0.1:5657 --subscription shop --database shop.db");
  declare_source(line, only);
  declare(line, options);
  declare_checks(line, options, only);
  line.offer_inspection();
  line.examine([&options](CommandLine::Examination& found) { examine_routes(options, found); });
  if (const auto code = line.parse(arguments, terminal, environment)) return *code;
  return options;
}

std::variant<ConsumerOptions, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal) {
  return parse_options({argv + 1, argv + argc}, terminal, process_environment());
}

}  // namespace mailboat::consumer
