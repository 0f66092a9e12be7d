#include "cli/cmd_status.hpp"

#include "cli/status_print.hpp"
#include "cli/status_watch.hpp"

namespace mailboat::cli {
namespace {

constexpr std::chrono::milliseconds shortest_interval{100};

class Status : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.argument({.name = "watch",
                   .value = "INTERVAL",
                   .help = "Show it anew at this interval, until Ctrl-C",
                   .without_value = "2s"},
                  watch_);
    line.check([this] {
      if (watch_ && *watch_ < shortest_interval)
        throw ConfigurationError("--watch: the interval has to be at least 100ms");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    if (watch_) return watch_status(context, std::move(connection), *watch_, json_);
    const auto report = read_status(connection);
    json_ ? print_status_json(context.terminal.out, report) : print_status(context.terminal.out, report);
    return ExitCode::Done;
  }

 private:
  bool json_ = false;
  std::optional<std::chrono::milliseconds> watch_;
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<Status>(); }

}  // namespace mailboat::cli
