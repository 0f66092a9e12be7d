#include "cli/cmd_operation.hpp"

#include "cli/operation_follow.hpp"
#include "cli/operation_id.hpp"
#include "cli/operation_print.hpp"

namespace mailboat::cli {
namespace {

constexpr std::int64_t shown = 20;

class Operation : public Command {
 public:
  void declare(CommandLine& line) override {
    id_.declare(line, false);
    line.argument({.name = "no-wait", .value = "", .help = "Show how it stands, and do not wait for its end"},
                  no_wait_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    if (id_.value()) return follow(context, connection, *id_.value(), {.wait = !no_wait_, .json = json_});
    const auto operations = read_last_operations(connection, shown);
    json_ ? print_operations_json(context.terminal.out, operations)
          : print_operations(context.terminal.out, operations);
    return ExitCode::Done;
  }

 private:
  OperationId id_;
  bool no_wait_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_operation() { return std::make_unique<Operation>(); }

}  // namespace mailboat::cli
