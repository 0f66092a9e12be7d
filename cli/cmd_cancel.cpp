#include "cli/cmd_cancel.hpp"

#include "cli/audit.hpp"
#include "cli/operation_id.hpp"
#include "cli/progress.hpp"
#include "producer/operation_status.hpp"

namespace mailboat::cli {
namespace {

class Cancel : public Command {
 public:
  void declare(CommandLine& line) override { id_.declare(line, true); }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    connection.query("SELECT outbox.cancel($1::bigint, $2)",
                     {std::to_string(*id_.value()), who_decides(connection)});
    const auto operation = read_operation(connection, *id_.value());
    context.terminal.out << operation_name(operation) << " of subscription " << operation.subscription
                         << " is cancelled\n";
    return ExitCode::Done;
  }

 private:
  OperationId id_;
};

}  // namespace

std::unique_ptr<Command> make_cancel() { return std::make_unique<Cancel>(); }

}  // namespace mailboat::cli
