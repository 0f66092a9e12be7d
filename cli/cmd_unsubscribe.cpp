#include "cli/cmd_unsubscribe.hpp"

namespace mailboat::cli {
namespace {

class Unsubscribe : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "As shown by mailboat status", .required = true},
                  name_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    connection.query("SELECT outbox.unsubscribe($1)", {name_});
    context.terminal.out << "subscription " << name_ << " is gone; its SQLite file stays as it is\n";
    return ExitCode::Done;
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Command> make_unsubscribe() { return std::make_unique<Unsubscribe>(); }

}  // namespace mailboat::cli
