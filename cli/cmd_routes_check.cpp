#include "cli/cmd_routes_check.hpp"

#include <algorithm>

#include "cli/routes_file.hpp"
#include "cli/routes_print.hpp"
#include "cli/sentence.hpp"
#include "consumer/route_trial.hpp"

namespace mailboat::cli {
namespace {

using consumer::RouteTrial;
using consumer::TriedTopic;

class RoutesCheck : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument(
        {.name = "config",
         .value = "FILE",
         .help = "The consumer's configuration file. With --postgres, too, columns and keys are checked",
         .required = true},
        file_);
    line.argument({.name = "source",
                   .value = "NAME",
                   .help = "Which [[source]] of the file, if it has several: the one that --postgres is"},
                  source_);
    line.argument(
        {.name = "database",
         .value = "FILE",
         .help = "The SQLite file, to check its tables as well; it is only read, and may be in use"},
        database_);
  }

  ExitCode run(const Context& context) override {
    auto read = read_routes(file_, source_);
    RouteTrial::Setting setting{
        .routes = std::move(read.routes), .source = std::move(read.source), .database = database_};
    if (!context.postgres.empty()) {
      auto connection = connect_to_outbox(context);
      setting.relations = read_relations(connection);
    }
    const bool knows_source = setting.relations.has_value();
    const auto count = setting.routes.size();
    RouteTrial trial(std::move(setting));
    std::vector<TriedTopic> tried;
    for (const auto& topic : trial.topics()) tried.push_back(trial.try_topic(topic));
    const auto mistakes = std::count_if(tried.begin(), tried.end(),
                                        [](const TriedTopic& topic) { return !topic.mistake.empty(); });
    for (const auto& topic : tried) report(context.terminal, topic, knows_source);
    if (mistakes > 0) return ExitCode::Usage;
    context.terminal.out << file_ << ": " << count
                         << (count == 1 ? " route, no mistake" : " routes, no mistake") << " found\n";
    return ExitCode::Done;
  }

 private:
  static void report(const Terminal& terminal, const TriedTopic& topic, bool knows_source) {
    if (topic.mistake.empty()) {
      print_tried(terminal.out, topic, knows_source);
    } else {
      terminal.err << "mailboat: " << one_line(topic.mistake) << stranger(topic, knows_source) << '\n';
    }
  }

  // A table's name with a slip of the finger is taken for another kind of topic.
  static std::string stranger(const TriedTopic& topic, bool knows_source) {
    if (!knows_source || topic.is_tracked || topic.topic == "*") return "";
    return ". No table with the topic " + topic.topic + " is tracked: it is taken for an application's";
  }

  std::string file_;
  std::string source_;
  std::string database_;
};

}  // namespace

std::unique_ptr<Command> make_routes_check() { return std::make_unique<RoutesCheck>(); }

}  // namespace mailboat::cli
