#include "cli/cmd_doctor.hpp"

#include <algorithm>

#include "cli/doctor.hpp"
#include "cli/json.hpp"
#include "cli/text_table.hpp"

namespace mailboat::cli {
namespace {

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::Ok:
      return "ok";
    case Severity::Note:
      return "note";
    case Severity::Warning:
      return "warning";
    case Severity::Problem:
      return "problem";
  }
  return "";
}

void print_human(std::ostream& out, const Findings& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& finding : findings) {
    rows.push_back({name_of(finding.severity), finding.check, finding.text});
    if (!finding.remedy.empty()) rows.push_back({"", "", "-> " + finding.remedy});
  }
  print_table(out, rows);
}

void print_json(std::ostream& out, const Findings& findings) {
  JsonWriter json;
  json.begin_object().key("findings").begin_array();
  for (const auto& finding : findings) {
    json.begin_object().key("severity").value(name_of(finding.severity)).key("check").value(finding.check);
    json.key("text").value(finding.text).key("remedy");
    if (finding.remedy.empty()) {
      json.null();
    } else {
      json.value(finding.remedy);
    }
    json.end_object();
  }
  json.end_array().end_object();
  out << json.text() << '\n';
}

class Doctor : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect(context);
    const auto findings = examine(connection);
    if (json_) {
      print_json(context.terminal.out, findings);
    } else {
      print_human(context.terminal.out, findings);
    }
    const bool healthy = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.severity == Severity::Problem;
    });
    return healthy ? ExitCode::Done : ExitCode::Failed;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doctor() { return std::make_unique<Doctor>(); }

}  // namespace mailboat::cli
