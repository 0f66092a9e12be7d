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

void print_choices(std::ostream& out, const CommandLine& line) {
  for (const auto& flag : line.flags()) {
    if (flag.choices.empty()) continue;
    out << "    " << flag.name << ") COMPREPLY=($(compgen -W \"" << joined(flag.choices, ' ')
        << "\" -- \"$current\")); return ;;\n";
  }
}

// Made from the declared options, so that it cannot fall behind them.
void print_script(std::ostream& out, const CommandLine& line) {
  const auto names = line.command_names();
  out << "# bash completion for mailboat. Use it in this shell: source <(mailboat completion)\n"
         "# For good: mailboat completion > /etc/bash_completion.d/mailboat\n"
         "_mailboat() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" command= "
         "word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in "
      << joined(names, '|')
      << ") command=\"$word\"; break ;; esac\n"
         "  done\n"
         "  case \"$previous\" in\n"
         "    --config) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
  for (const auto& name : names) print_choices(out, line.command(name));
  out << "  esac\n"
         "  local words=\""
      << flag_words(line) << "\"\n  case \"$command\" in\n    \"\") words=\"" << joined(names, ' ')
      << " $words\" ;;\n";
  for (const auto& name : names) {
    out << "    " << name << ") words=\"$words " << flag_words(line.command(name)) << "\" ;;\n";
  }
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
