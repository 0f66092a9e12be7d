#include "cli/cmd_failed_show.hpp"

#include "cli/parse_id.hpp"
#include "cli/task.hpp"
#include "cli/task_print.hpp"

namespace mailboat::cli {
namespace {

class FailedShow : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "The subscription", .required = true}, name_);
    line.position(
        {.name = "ID", .value = "", .help = "The task, as mailboat failed list shows it", .required = true},
        id_text_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.check([this] { id_ = parse_id(id_text_, "the id of a task"); });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto details = read_task(connection, name_, id_);
    if (json_) {
      print_details_json(context.terminal.out, details);
    } else {
      print_details(context.terminal.out, details);
    }
    return ExitCode::Done;
  }

 private:
  std::string name_;
  std::string id_text_;
  std::int64_t id_ = 0;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_failed_show() { return std::make_unique<FailedShow>(); }

}  // namespace mailboat::cli
