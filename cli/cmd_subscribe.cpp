#include "cli/cmd_subscribe.hpp"

#include "cli/retry_options.hpp"

namespace mailboat::cli {
namespace {

class Subscribe : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position(
        {.name = "NAME", .value = "", .help = "Letters, digits, _ . and -; at most 63", .required = true},
        name_);
    line.argument({.name = "topics",
                   .value = "TOPIC,...",
                   .help = "Only these, as schema.table without quotes; otherwise all, now and later"},
                  topics_);
    line.argument(
        {.name = "start",
         .value = "WHERE",
         .help = "load: the rows of the tables first; now: changes only; earliest: all the log still holds",
         .choices = {"load", "now", "earliest"}},
        start_);
    retry_.declare(line);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    std::optional<std::string> topics;
    if (!topics_.empty()) topics = postgres::array_literal(topics_);
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    transaction.query("SELECT outbox.subscribe($1, $2, $3::text[])", {name_, start_, topics});
    if (retry_.is_given()) retry_.store(connection, name_);
    transaction.commit();
    warn_of_untracked(connection, context.terminal.err);
    context.terminal.out << "subscription " << name_
                         << " is made. With mailboat-producer running, feed a replica:\n"
                         << "  mailboat-consumer --producer tcp://127.0.0.1:5657 --subscription " << name_
                         << " --database " << name_ << ".db\n";
    return ExitCode::Done;
  }

 private:
  // Not an error: the topic may be an application's event, or a table that is tracked later.
  void warn_of_untracked(postgres::Connection& connection, std::ostream& err) const {
    for (const auto& topic : topics_) {
      if (!connection.query("SELECT FROM outbox.tracked WHERE topic = $1", {topic}).empty()) continue;
      err << "mailboat: note: no tracked table has the topic " << topic << " so far\n";
    }
  }

  std::string name_;
  std::vector<std::string> topics_;
  std::string start_ = "load";
  RetryOptions retry_;
};

}  // namespace

std::unique_ptr<Command> make_subscribe() { return std::make_unique<Subscribe>(); }

}  // namespace mailboat::cli
