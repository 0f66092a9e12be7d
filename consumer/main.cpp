#include <csignal>
#include <iostream>

#include "common/error.hpp"
#include "common/exit_code.hpp"
#include "common/log.hpp"
#include "common/shutdown.hpp"
#include "common/version.hpp"
#include "consumer/follower.hpp"
#include "consumer/options.hpp"

using namespace mailboat;

namespace {

ExitCode run(int argc, char** argv) {
  try {
    const auto options = consumer::parse_options(argc, argv, {std::cout, std::cerr});
    if (const auto* code = std::get_if<ExitCode>(&options)) return *code;
    const auto& given = std::get<consumer::ConsumerOptions>(options);
    log::set_level(given.log_level);
    // A file that reaches the process's size limit is a full disk, to be waited for, and not a reason to die.
    std::signal(SIGXFSZ, SIG_IGN);
    const ShutdownSignal shutdown;
    log::info("mailboat-consumer begins", {{"version", version()}, {"database", given.database}});
    consumer::follow(given, shutdown.token());
    log::info("mailboat-consumer has stopped");
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
