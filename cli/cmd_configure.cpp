#include "cli/cmd_configure.hpp"

#include "cli/retry_options.hpp"
#include "cli/selection_options.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

class Configure : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "As shown by mailboat status", .required = true},
                  name_);
    selection_.declare(line);
    retry_.declare(line);
    line.check([this] {
      if (!retry_.is_given() && !selection_.is_given())
        throw ConfigurationError(
            "what is to change? Give --topics, --columns, --max-attempts, --retry-delay or "
            "--retry-delay-max");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    auto& out = context.terminal.out;
    std::vector<std::string> widened;
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    if (retry_.is_given()) retry_.store(connection, name_);
    if (selection_.is_given()) widened = selection_.store(connection, name_);
    transaction.commit();
    if (selection_.is_given()) {
      selection_.warn_of_untracked(connection, context.terminal.err);
      out << "subscription " << name_ << ": " << selection_settings(connection, name_) << '\n';
      tell_of_loads(connection, name_, widened, out);
    }
    if (retry_.is_given())
      out << "subscription " << name_ << ": " << retry_settings(connection, name_) << '\n';
    return ExitCode::Done;
  }

 private:
  std::string name_;
  SelectionOptions selection_;
  RetryOptions retry_;
};

}  // namespace

std::unique_ptr<Command> make_configure() { return std::make_unique<Configure>(); }

}  // namespace mailboat::cli
