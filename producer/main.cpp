#include <iostream>
#include <stop_token>

#include "common/channel_zmq.hpp"
#include "common/exit_code.hpp"
#include "common/hangup.hpp"
#include "common/key_file.hpp"
#include "common/log.hpp"
#include "common/log_level_signals.hpp"
#include "common/memory.hpp"
#include "common/monitoring.hpp"
#include "common/service_manager.hpp"
#include "common/shutdown.hpp"
#include "common/version.hpp"
#include "postgres/redact.hpp"
#include "producer/access.hpp"
#include "producer/feed_server.hpp"
#include "producer/options.hpp"
#include "producer/retention.hpp"
#include "producer/source.hpp"

using namespace mailboat;

namespace {

ListenerSettings listener_settings(const producer::ProducerOptions& options, producer::Access& access) {
  ListenerSettings settings;
  settings.message_limit = options.message_limit.bytes;
  if (!access.has_keys()) return settings;
  settings.secret_key = read_key_file(options.key_file).secret_key;
  settings.admits = [&access](const std::string& key, const std::string& address) {
    return access.admits(key, address);
  };
  return settings;
}

void serve(const producer::ProducerOptions& options) {
  const HangupSignal hangup;
  const ShutdownSignal shutdown;
  const LogLevelSignals log_level_signals;
  producer::Access access(options.allow_list);
  producer::ProducerMetrics metrics;
  Health health;
  const auto monitoring = serve_monitoring(options.metrics_listen, metrics.set, health);
  producer::require_suitable_source(options.postgres);
  const producer::Retention retention(options.postgres, {options.retention, options.max_retained_bytes},
                                      {metrics, health, monitoring != nullptr});
  producer::FeedServer server(options, listen_zmq(options.listen, listener_settings(options, access)), access,
                              hangup, metrics, health);
  log::info("mailboat-producer is listening",
            {{"version", version()}, {"address", options.listen}, {"keys", access.has_keys()}});
  const ServiceWatchdog watchdog(health);
  tell_service_is_ready();
  const std::stop_callback stopping(shutdown.token(), tell_service_is_stopping);
  server.run(shutdown.token());
  log::info("mailboat-producer has stopped");
}

ExitCode run(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  postgres::hide_passwords(argc, argv);
  const auto parsed = producer::parse_options(arguments, {std::cout, std::cerr}, process_environment());
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  const auto& options = std::get<producer::ProducerOptions>(parsed);
  log::set_level(options.log_level);
  log::set_format(options.log_format);
  return run_logged([&options] { serve(options); });
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  return static_cast<int>(run(argc, argv));
}
