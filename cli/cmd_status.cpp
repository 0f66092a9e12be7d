#include "cli/cmd_status.hpp"

#include "cli/pause.hpp"
#include "cli/status_print.hpp"
#include "common/shutdown.hpp"

namespace mailboat::cli {
namespace {

constexpr std::chrono::seconds watch_interval{1};
// ECMA-48: to the first column of the first line, erase the rest.
constexpr auto erase_screen = "\x1b[H\x1b[J";

class Status : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.argument({.name = "watch", .value = "", .help = "Print it anew every second, until Ctrl-C"}, watch_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    if (!watch_) {
      print(context.terminal.out, read(connection));
      return ExitCode::Done;
    }
    const ShutdownSignal shutdown;
    while (!shutdown.token().stop_requested()) {
      const auto report = read(connection);
      if (context.terminal.out_is_screen && !json_) context.terminal.out << erase_screen;
      print(context.terminal.out, report);
      context.terminal.out << std::flush;
      pause(shutdown.token(), watch_interval);
    }
    return ExitCode::Done;
  }

 private:
  static StatusReport read(postgres::Connection& connection) {
    return {read_subscription_status(connection), read_open_operations(connection),
            read_log_status(connection)};
  }

  void print(std::ostream& out, const StatusReport& report) const {
    json_ ? print_status_json(out, report) : print_status(out, report);
  }

  bool json_ = false;
  bool watch_ = false;
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<Status>(); }

}  // namespace mailboat::cli
