#include "cli/operation_follow.hpp"

#include "cli/operation_print.hpp"
#include "cli/operation_wait.hpp"
#include "cli/progress.hpp"

namespace mailboat::cli {
namespace {

void print(const Context& context, postgres::Connection& connection, const OperationStatus& operation,
           bool json) {
  auto& out = context.terminal.out;
  const auto differences = read_differences(connection, operation.id);
  json ? print_operation_json(out, operation, differences) : print_outcome(out, operation, differences);
}

std::string come_back(const OperationStatus& operation) {
  const auto id = std::to_string(operation.id);
  return "mailboat operation " + id + " shows how it goes, mailboat cancel " + id + " ends it";
}

}  // namespace

ExitCode follow(const Context& context, postgres::Connection& connection, std::int64_t id,
                const Follow& how) {
  if (!how.wait) {
    const auto operation = read_operation(connection, id);
    print(context, connection, operation, how.json);
    if (operation.is_open() && !how.json) context.terminal.out << come_back(operation) << '\n';
    return operation.is_open() || operation.is_well() ? ExitCode::Done : ExitCode::Failed;
  }
  const auto operation = wait_for_operation(connection, id, context.terminal, how.events);
  if (operation.is_open()) {
    context.terminal.err << "mailboat: " << operation_name(operation) << " of subscription "
                         << operation.subscription << " goes on: " << come_back(operation) << '\n';
    return ExitCode::Failed;
  }
  print(context, connection, operation, how.json);
  return operation.is_well() ? ExitCode::Done : ExitCode::Failed;
}

}  // namespace mailboat::cli
