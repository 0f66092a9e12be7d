#include "cli/cmd_completion.hpp"

namespace mailboat::cli {
namespace {

std::string flag_words(const CommandLine& line) {
  std::string words;
  for (const auto& flag : line.flags()) words += (words.empty() ? "" : " ") + flag.name;
  return words;
}

std::string joined(const std::vector<std::string>& words, char separator) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

struct Named {
  std::string name;  ///< with the names before it: `failed list`
  const CommandLine& line;
};

// Every command, each before its own.
void collect(std::vector<Named>& all, const CommandLine& line, const std::string& before) {
  for (const auto& name : line.command_names()) {
    const auto& command = line.command(name);
    all.push_back({before + name, command});
    collect(all, command, before + name + " ");
  }
}

std::string patterns(const std::vector<Named>& all) {
  std::vector<std::string> quoted;
  for (const auto& command : all) quoted.push_back('"' + command.name + '"');
  return joined(quoted, '|');
}

void print_choices(std::ostream& out, const Named& command) {
  for (const auto& flag : command.line.flags()) {
    if (flag.choices.empty()) continue;
    out << "    \"" << command.name << ' ' << flag.name << "\") COMPREPLY=($(compgen -W \""
        << joined(flag.choices, ' ') << "\" -- \"$current\")); return ;;\n";
  }
}

void print_words(std::ostream& out, const Named& command) {
  out << "    \"" << command.name << "\") words=\"$words";
  for (const auto& name : command.line.command_names()) out << ' ' << name;
  out << ' ' << flag_words(command.line) << "\" ;;\n";
}

// Made from the declared options, so that it cannot fall behind them.
void print_script(std::ostream& out, const CommandLine& line) {
  std::vector<Named> all;
  collect(all, line, "");
  out << "# bash completion for mailboat. Use it in this shell: source <(mailboat completion)\n"
         "# For good: mailboat completion > /etc/bash_completion.d/mailboat\n"
         "_mailboat() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" command= "
         "word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"${command:+$command }$word\" in "
      << patterns(all)
      << ") command=\"${command:+$command }$word\" ;; esac\n"
         "  done\n"
         "  case \"$command $previous\" in\n"
         "    *\" --config\") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
  for (const auto& command : all) print_choices(out, command);
  out << "  esac\n"
         "  local words=\""
      << flag_words(line) << "\"\n  case \"$command\" in\n    \"\") words=\""
      << joined(line.command_names(), ' ') << " $words\" ;;\n";
  for (const auto& command : all) print_words(out, command);
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _mailboat mailboat\n";
}

class Completion : public Command {
 public:
  void declare(CommandLine&) override {}

  ExitCode run(const Context& context) override {
    print_script(context.terminal.out, context.line);
    return ExitCode::Done;
  }
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace mailboat::cli
