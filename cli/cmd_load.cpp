#include "cli/cmd_load.hpp"

#include "cli/audit.hpp"
#include "cli/operation_follow.hpp"
#include "cli/reset_cursor.hpp"
#include "cli/table_name.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

class Load : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "The subscription", .required = true}, name_);
    line.argument({.name = "tables",
                   .value = "TABLE,...",
                   .help = "Only these, one after the other; otherwise all tracked ones that it takes"},
                  tables_);
    line.argument({.name = "wait", .value = "", .help = "Show how it goes, and end when it has ended"},
                  wait_);
    line.argument(
        {.name = "reset-cursor",
         .value = "",
         .help = "Load all tables, and go on from there, also where the replica has another history "
                 "than this source; asks first"},
        reset_cursor_);
    line.argument({.name = "yes", .value = "", .help = "Do not ask"}, yes_);
    line.check([this] {
      if (reset_cursor_ && !tables_.empty())
        throw ConfigurationError("--reset-cursor is about all tables: leave out --tables");
      if (yes_ && !reset_cursor_) throw ConfigurationError("--yes answers what only --reset-cursor asks");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    if (reset_cursor_) return reset_cursor(context, connection, name_, {.ask = !yes_, .wait = wait_});
    const auto topics = topics_of_tables(connection, tables_);
    const auto id = connection
                        .query("SELECT outbox.request_load($1, $2::text[], $3)",
                               {name_, topics_or_all(topics), who_decides(connection)})
                        .int64(0, 0);
    return follow(context, connection, id, {.wait = wait_});
  }

 private:
  std::string name_;
  std::vector<std::string> tables_;
  bool wait_ = false;
  bool reset_cursor_ = false;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> make_load() { return std::make_unique<Load>(); }

}  // namespace mailboat::cli
