#include "cli/cmd_verify.hpp"

#include "cli/audit.hpp"
#include "cli/operation_follow.hpp"
#include "cli/table_name.hpp"

namespace mailboat::cli {
namespace {

class Verify : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "The subscription", .required = true}, name_);
    line.argument({.name = "tables",
                   .value = "TABLE,...",
                   .help = "Only these, one after the other; otherwise all tracked ones that it takes"},
                  tables_);
    line.argument({.name = "repair",
                   .value = "",
                   .help = "Mend what differs. The exit code is 1 only if something could not be mended; "
                           "without --repair it is 1 if anything differs"},
                  repair_);
    line.argument(
        {.name = "no-wait", .value = "", .help = "Only ask for it: mailboat operation shows the rest"},
        no_wait_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto topics = topics_of_tables(connection, tables_);
    const auto id =
        connection
            .query("SELECT outbox.request_verify($1, $2::text[], $3::boolean, $4)",
                   {name_, topics_or_all(topics), repair_ ? "true" : "false", who_decides(connection)})
            .int64(0, 0);
    return follow(context, connection, id, {.wait = !no_wait_, .json = json_});
  }

 private:
  std::string name_;
  std::vector<std::string> tables_;
  bool repair_ = false;
  bool no_wait_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify() { return std::make_unique<Verify>(); }

}  // namespace mailboat::cli
