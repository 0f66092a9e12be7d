#include "cli/cmd_configure.hpp"

#include "cli/retry_options.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

class Configure : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "As shown by mailboat status", .required = true},
                  name_);
    retry_.declare(line);
    line.check([this] {
      if (!retry_.is_given())
        throw ConfigurationError(
            "what is to change? Give --max-attempts, --retry-delay or --retry-delay-max");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    retry_.store(connection, name_);
    context.terminal.out << "subscription " << name_ << ": " << retry_settings(connection, name_) << '\n';
    return ExitCode::Done;
  }

 private:
  std::string name_;
  RetryOptions retry_;
};

}  // namespace

std::unique_ptr<Command> make_configure() { return std::make_unique<Configure>(); }

}  // namespace mailboat::cli
