#include "producer/options.hpp"

#include "common/endpoint.hpp"
#include "common/error.hpp"

namespace mailboat::producer {
namespace {

constexpr ByteSize smallest_limit{std::uint64_t{8} << 20};

void declare(CommandLine& line, ProducerOptions& options) {
  line.setting(
      {.name = "postgres",
       .value = "CONNECTION",
       .help = "The source database: a URI, key=value pairs, or nothing for PGHOST, PGDATABASE and so on"},
      options.postgres);
  line.setting({.name = "listen", .value = "ENDPOINT", .help = "Where consumers connect"}, options.listen);
  line.setting({.name = "insecure",
                .value = "",
                .help = "Allow an endpoint that other machines can reach: the feed is not encrypted"},
               options.insecure);
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
  line.setting({.name = "log-level", .value = "LEVEL", .help = "debug, info, warning or error"},
               options.log_level);
}

void require_usable(const ProducerOptions& options) {
  using std::chrono::milliseconds;
  require_endpoint(options.listen);
  require_private_bind(options.listen, options.insecure);
  if (options.poll_interval_max <= milliseconds(0))
    throw ConfigurationError("poll-interval-max has to be above zero");
  if (options.snapshot_hold_max <= milliseconds(0))
    throw ConfigurationError("snapshot-hold-max has to be above zero");
  if (options.max_retained_bytes < smallest_limit) {
    throw ConfigurationError("max-retained-bytes has to be at least " + format_byte_size(smallest_limit) +
                             ": a log of less has no parts that could leave it");
  }
  if (options.heartbeat <= milliseconds(0)) throw ConfigurationError("heartbeat has to be above zero");
}

}  // namespace

std::variant<ProducerOptions, ExitCode> parse_options(const std::vector<std::string>& arguments,
                                                      Terminal terminal, const Environment& environment) {
  ProducerOptions options;
  CommandLine line("mailboat-producer",
                   "Reads committed changes from PostgreSQL's outbox and streams them to mailboat-consumer.",
                   "mailboat-producer --postgres postgresql://mailboat@db.example.org/shop");
  declare(line, options);
  line.check([&options] { require_usable(options); });
  if (const auto code = line.parse(arguments, terminal, environment)) return *code;
  return options;
}

std::variant<ProducerOptions, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal) {
  return parse_options({argv + 1, argv + argc}, terminal, process_environment());
}

}  // namespace mailboat::producer
