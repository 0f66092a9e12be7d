#include "cli/cmd_subscribe.hpp"

#include "cli/from_copy.hpp"
#include "cli/retry_options.hpp"
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
    line.argument({.name = "from-copy",
                   .value = "FILE",
                   .help = "Begin with a copy of another replica's SQLite file, made with mailboat backup; "
                           "nothing is loaded"},
                  copy_);
    retry_.declare(line);
    line.check([this] {
      if (copy_ && (start_ || !topics_.empty()))
        throw ConfigurationError(
            "--from-copy takes topics and start from the subscription that the copy belongs to: leave out "
            "--topics and --start");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    auto& out = context.terminal.out;
    if (copy_) {
      const ShutdownSignal shutdown;
      const auto made = subscribe_from_copy(connection, name_, *copy_, retry_, shutdown.token());
      out << "subscription " << name_ << " is made, at " << made.snapshot << " like the copy of "
          << made.original << ", with " << made.tasks << (made.tasks == 1 ? " task" : " tasks") << " of it";
    } else {
      subscribe(connection);
      warn_of_untracked(connection, context.terminal.err);
      out << "subscription " << name_ << " is made";
    }
    out << ". With mailboat-producer running, feed " << (copy_ ? "the copy" : "a replica") << ":\n"
        << "  mailboat-consumer --producer tcp://127.0.0.1:5657 --subscription " << name_ << " --database "
        << (copy_ ? shell_word(*copy_) : name_ + ".db") << '\n';
    return ExitCode::Done;
  }

 private:
  void subscribe(postgres::Connection& connection) const {
    std::optional<std::string> topics;
    if (!topics_.empty()) topics = postgres::array_literal(topics_);
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    transaction.query("SELECT outbox.subscribe($1, $2, $3::text[])",
                      {name_, start_.value_or("load"), topics});
    if (retry_.is_given()) retry_.store(connection, name_);
    transaction.commit();
  }

  // Not an error: the topic may be an application's event, or a table that is tracked later.
  void warn_of_untracked(postgres::Connection& connection, std::ostream& err) const {
    for (const auto& topic : topics_) {
      if (!connection.query("SELECT FROM outbox.tracked WHERE topic = $1", {topic}).empty()) continue;
      err << "mailboat: note: no tracked table has the topic " << topic << " so far\n";
    }
  }

  std::string name_;
  std::vector<std::string> topics_;
  std::optional<std::string> start_;
  std::optional<std::string> copy_;
  RetryOptions retry_;
};

}  // namespace

std::unique_ptr<Command> make_subscribe() { return std::make_unique<Subscribe>(); }

}  // namespace mailboat::cli
