#include "cli/cmd_failed_list.hpp"

#include <limits>

#include "cli/task.hpp"
#include "cli/task_print.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

class FailedList : public Command {
 public:
  void declare(CommandLine& line) override {
    filter_.declare(line, false);
    line.argument({.name = "limit", .value = "N", .help = "Show at most so many"}, limit_);
    line.argument({.name = "all", .value = "", .help = "Show all that match, however many"}, all_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.check([this] {
      if (limit_ < 1) throw ConfigurationError("--limit has to be above zero");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    if (!filter_.name().empty()) require_subscription(connection, filter_.name());
    const auto filter = filter_.resolve(connection);
    require_tasks(connection, filter, [](const std::string&) { return std::string(); });
    const auto list =
        read_tasks(connection, filter, all_ ? std::numeric_limits<std::int64_t>::max() : limit_);
    if (json_) {
      print_tasks_json(context.terminal.out, list);
    } else {
      print_tasks(context.terminal.out, list);
    }
    return ExitCode::Done;
  }

 private:
  FilterOptions filter_{{"retrying", "failed", "completed", "discarded"}, {"retrying", "failed"}};
  std::uint32_t limit_ = 100;
  bool all_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_failed_list() { return std::make_unique<FailedList>(); }

}  // namespace mailboat::cli
