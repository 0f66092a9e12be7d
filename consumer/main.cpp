#include <csignal>
#include <iostream>
#include <stop_token>

#include "common/exit_code.hpp"
#include "common/log.hpp"
#include "common/log_level_signals.hpp"
#include "common/memory.hpp"
#include "common/monitoring.hpp"
#include "common/service_manager.hpp"
#include "common/shutdown.hpp"
#include "common/version.hpp"
#include "consumer/follower.hpp"
#include "consumer/open_database.hpp"
#include "consumer/options.hpp"

using namespace mailboat;

namespace {

void follow(const consumer::ConsumerOptions& options) {
  // A file that reaches the process's size limit is a full disk, to be waited for, and not a reason to die.
  std::signal(SIGXFSZ, SIG_IGN);
  consumer::do_without_memory_statistics();
  const ShutdownSignal shutdown;
  const LogLevelSignals log_level_signals;
  consumer::ConsumerMetrics metrics;
  Health health;
  const auto monitoring = serve_monitoring(options.metrics_listen, metrics.set, health);
  log::info("mailboat-consumer begins", {{"version", version()}, {"database", options.database}});
  const ServiceWatchdog watchdog(health);
  tell_service_is_ready();
  const std::stop_callback stopping(shutdown.token(), tell_service_is_stopping);
  consumer::follow(options, shutdown.token(), metrics, health);
  log::info("mailboat-consumer has stopped");
}

ExitCode run(int argc, char** argv) {
  const auto parsed = consumer::parse_options(argc, argv, {std::cout, std::cerr});
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  const auto& options = std::get<consumer::ConsumerOptions>(parsed);
  log::set_level(options.log_level);
  log::set_format(options.log_format);
  return run_logged([&options] { follow(options); });
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  return static_cast<int>(run(argc, argv));
}
