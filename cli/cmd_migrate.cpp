#include "cli/cmd_migrate.hpp"

#include "migrations/migrator.hpp"

namespace mailboat::cli {
namespace {

class Migrate : public Command {
 public:
  void declare(CommandLine&) override {}

  ExitCode run(const Context& context) override {
    auto connection = connect(context);
    const auto applied = migrations::migrate(connection);
    for (const auto& migration : applied) context.terminal.out << "applied " << migration.name << '\n';
    if (applied.empty()) context.terminal.out << "The schema outbox is up to date.\n";
    return ExitCode::Done;
  }
};

}  // namespace

std::unique_ptr<Command> make_migrate() { return std::make_unique<Migrate>(); }

}  // namespace mailboat::cli
