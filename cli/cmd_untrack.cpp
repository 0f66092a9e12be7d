#include "cli/cmd_untrack.hpp"

#include "cli/table_name.hpp"

namespace mailboat::cli {
namespace {

class Untrack : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "TABLE", .value = "", .help = "Names as for track", .required = true}, tables_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto tables = resolve_tables(connection, tables_);
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    std::vector<std::string> topics;
    for (const auto& table : tables) {
      const auto rows = transaction.query("SELECT outbox.untrack($1::regclass)", {table});
      topics.emplace_back(rows.text(0, 0));
    }
    transaction.commit();
    for (const auto& topic : topics) {
      context.terminal.out << "no longer tracking " << topic << "; replicas keep its rows as they are\n";
    }
    return ExitCode::Done;
  }

 private:
  std::vector<std::string> tables_;
};

}  // namespace

std::unique_ptr<Command> make_untrack() { return std::make_unique<Untrack>(); }

}  // namespace mailboat::cli
