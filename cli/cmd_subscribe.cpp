#include "cli/cmd_subscribe.hpp"

#include "cli/from_copy.hpp"
#include "cli/retry_options.hpp"
#include "cli/selection_options.hpp"
#include "cli/sentence.hpp"
#include "common/error.hpp"
#include "common/shutdown.hpp"

namespace mailboat::cli {
namespace {

class Subscribe : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position(
        {.name = "NAME", .value = "", .help = "Letters, digits, _ . and -; at most 63", .required = true},
        name_);
    selection_.declare(line);
    line.argument(
        {.name = "start",
         .value = "WHERE",
         .help = "load: the rows of the tables first; now: changes only; earliest: all the log still holds",
         .choices = {"load", "now", "earliest"}},
        start_);
    line.argument({.name = "from-copy",
                   .value = "FILE",
                   .help = "Begin with a copy of another replica's SQLite file, made with mailboat backup; "
                           "nothing is loaded"},
                  copy_);
    line.argument({.name = "source",
                   .value = "NAME",
                   .help = "With --from-copy: which source of the copy, where several could be meant"},
                  source_);
    retry_.declare(line);
    line.check([this] {
      if (copy_ && start_)
        throw ConfigurationError(
            "--from-copy takes the start from the subscription that the copy belongs to: leave out --start");
      if (source_ && !copy_) throw ConfigurationError("--source is a part of --from-copy: leave it out");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    auto& out = context.terminal.out;
    std::string source;
    if (copy_) {
      const ShutdownSignal shutdown;
      const auto made =
          subscribe_from_copy(connection, name_, *copy_, {source_, selection_, retry_}, shutdown.token());
      out << "subscription " << name_ << " is made, at " << made.snapshot << " like the copy of "
          << made.original << ", with " << made.tasks << (made.tasks == 1 ? " task" : " tasks") << " of it";
      source = made.source;
    } else {
      subscribe(connection);
      out << "subscription " << name_ << " is made";
    }
    selection_.warn_of_untracked(connection, context.terminal.err);
    if (!source.empty()) {
      out << ". The consumer of the copy needs subscription = \"" << name_ << "\" in its [[source]] "
          << source << '\n';
      return ExitCode::Done;
    }
    out << ". With mailboat-producer running, feed " << (copy_ ? "the copy" : "a replica") << ":\n"
        << "  mailboat-consumer --producer tcp://127.0.0.1:5657 --subscription " << name_ << " --database "
        << (copy_ ? shell_word(*copy_) : name_ + ".db") << '\n';
    return ExitCode::Done;
  }

 private:
  void subscribe(postgres::Connection& connection) const {
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    transaction.query("SELECT outbox.subscribe($1, $2)", {name_, start_.value_or("load")});
    if (selection_.is_given()) selection_.store(connection, name_);
    if (retry_.is_given()) retry_.store(connection, name_);
    transaction.commit();
  }

  std::string name_;
  SelectionOptions selection_;
  std::optional<std::string> start_;
  std::optional<std::string> copy_;
  std::optional<std::string> source_;
  RetryOptions retry_;
};

}  // namespace

std::unique_ptr<Command> make_subscribe() { return std::make_unique<Subscribe>(); }

}  // namespace mailboat::cli
