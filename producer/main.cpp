#include <iostream>

#include "common/channel_zmq.hpp"
#include "common/error.hpp"
#include "common/exit_code.hpp"
#include "common/log.hpp"
#include "common/shutdown.hpp"
#include "common/version.hpp"
#include "producer/feed_server.hpp"
#include "producer/options.hpp"
#include "producer/source.hpp"

using namespace mailboat;

namespace {

void serve(const producer::ProducerOptions& options) {
  const ShutdownSignal shutdown;
  producer::require_suitable_source(options.postgres);
  producer::FeedServer server(options, listen_zmq(options.listen));
  log::info("mailboat-producer is listening", {{"version", version()}, {"address", options.listen}});
  server.run(shutdown.token());
  log::info("mailboat-producer has stopped");
}

ExitCode run(int argc, char** argv) {
  try {
    const auto options = producer::parse_options(argc, argv, {std::cout, std::cerr});
    if (const auto* code = std::get_if<ExitCode>(&options)) return *code;
    log::set_level(std::get<producer::ProducerOptions>(options).log_level);
    serve(std::get<producer::ProducerOptions>(options));
    return ExitCode::Done;
  } catch (const ConfigurationError& error) {
    log::error(error.what());
    return ExitCode::Usage;
  } catch (const std::exception& error) {
    log::error(error.what());
    return ExitCode::Failed;
  }
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(run(argc, argv)); }
