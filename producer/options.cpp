#include "producer/options.hpp"

#include "common/duration.hpp"
#include "common/endpoint.hpp"
#include "common/error.hpp"
#include "common/key_file.hpp"
#include "common/listen_address.hpp"
#include "common/message_limit.hpp"
#include "postgres/conninfo.hpp"
#include "producer/allow_list.hpp"

namespace mailboat::producer {
namespace {

constexpr ByteSize smallest_limit{std::uint64_t{8} << 20};

void declare_security(CommandLine& line, ProducerOptions& options) {
  line.setting({.name = "key-file",
                .value = "FILE",
                .help = "Our secret key, made with: mailboat keygen FILE; needed beyond this machine"},
               options.key_file);
  line.setting({.name = "allow-list",
                .value = "FILE",
                .help = "Which consumers' public keys may take what; needed with key-file"},
               options.allow_list);
  line.setting({.name = "insecure",
                .value = "",
                .help = "Allow an endpoint that other machines can reach although there are no keys"},
               options.insecure);
  line.setting({.name = "session-limit", .value = "NUMBER", .help = "How many consumers are served at once"},
               options.session_limit);
  line.setting(
      {.name = "handshake-limit", .value = "NUMBER", .help = "How many Hellos in a second one key may say"},
      options.handshake_limit);
  line.setting(
      {.name = "message-limit", .value = "SIZE", .help = "The largest message that a consumer may send"},
      options.message_limit);
}

void declare(CommandLine& line, ProducerOptions& options) {
  line.setting(
      {.name = "postgres",
       .value = "CONNECTION",
       .help = "The source database: a URI, key=value pairs, or nothing for PGHOST, PGDATABASE and so on",
       .mask = postgres::masked_conninfo},
      options.postgres);
  line.setting({.name = "listen", .value = "ENDPOINT", .help = "Where consumers connect"}, options.listen);
  declare_security(line, options);
  line.setting({.name = "trust-failover",
                .value = "",
                .help = "Go on after a failover without loading again; only with synchronous replication"},
               options.trust_failover);
  line.setting({.name = "poll-interval-max",
                .value = "DURATION",
                .help = "Longest pause between two looks at a quiet log that cannot wake us"},
               options.poll_interval_max);
  line.setting({.name = "snapshot-hold-max",
                .value = "DURATION",
                .help = "Longest life of a transaction on the source, whatever the consumer's speed"},
               options.snapshot_hold_max);
  line.setting({.name = "retention",
                .value = "DURATION",
                .help = "How long an event stays in the log although every replica has it"},
               options.retention);
  line.setting({.name = "max-retained-bytes",
                .value = "SIZE",
                .help = "How large the log may become before replicas that are behind are cut off"},
               options.max_retained_bytes);
  line.setting(
      {.name = "heartbeat", .value = "DURATION", .help = "How often a sign of life goes to each consumer"},
      options.heartbeat);
  line.setting({.name = "metrics-listen",
                .value = "HOST:PORT",
                .help = "Where /metrics, /healthz and /readyz are answered, e.g. 127.0.0.1:9657"},
               options.metrics_listen);
  line.setting({.name = "log-level", .value = "LEVEL", .help = "debug, info, warning or error"},
               options.log_level);
  line.setting({.name = "log-format", .value = "FORMAT", .help = "text, or json: an object for each line"},
               options.log_format);
}

void require_limit(std::uint32_t limit) {
  if (limit == 0) throw InvalidInput("has to be above zero");
}

void require_secure(const ProducerOptions& options) {
  if (options.key_file.empty() != options.allow_list.empty()) {
    throw ConfigurationError(
        options.key_file.empty()
            ? "allow-list needs a key-file: without keys nobody can be told from anybody else"
            : "key-file needs an allow-list: without one there is nobody to let in");
  }
  if (options.key_file.empty()) return require_private_bind(options.listen, options.insecure);
  read_key_file(options.key_file);
  read_allow_list(options.allow_list);
}

void require_usable_log(ByteSize max_retained_bytes) {
  if (max_retained_bytes >= smallest_limit) return;
  throw InvalidInput("has to be at least " + format_byte_size(smallest_limit) +
                     ": a log of less has no parts that could leave it");
}

void declare_checks(CommandLine& line, const ProducerOptions& options) {
  line.check("postgres", [&options] { postgres::require_conninfo(options.postgres); });
  line.check("listen", [&options] { require_endpoint(options.listen); });
  line.check("poll-interval-max", [&options] { require_above_zero(options.poll_interval_max); });
  line.check("snapshot-hold-max", [&options] { require_above_zero(options.snapshot_hold_max); });
  line.check("max-retained-bytes", [&options] { require_usable_log(options.max_retained_bytes); });
  line.check("heartbeat", [&options] { require_above_zero(options.heartbeat); });
  line.check("session-limit", [&options] { require_limit(options.session_limit); });
  line.check("handshake-limit", [&options] { require_limit(options.handshake_limit); });
  line.check("message-limit", [&options] {
    require_message_limit(options.message_limit, "what a consumer reports may be that large");
  });
  line.check("metrics-listen", [&options] { require_listen_address(options.metrics_listen); });
  line.check([&options] { require_secure(options); });
}

}  // namespace

std::variant<ProducerOptions, ExitCode> parse_options(const std::vector<std::string>& arguments,
                                                      Terminal terminal, const Environment& environment) {
  ProducerOptions options;
  CommandLine line("mailboat-producer",
                   "Reads committed changes from PostgreSQL's outbox and streams them to mailboat-consumer.",
                   "mailboat-producer --postgres postgresql://mailboat@db.example.org/shop");
  declare(line, options);
  declare_checks(line, options);
  line.offer_inspection();
  if (const auto code = line.parse(arguments, terminal, environment)) return *code;
  return options;
}

}  // namespace mailboat::producer
