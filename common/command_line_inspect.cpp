#include "common/command_line_impl.hpp"
#include "common/config_text.hpp"
#include "common/version.hpp"

namespace mailboat {
namespace {

// In a cell of a Markdown table, a bar would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(const std::string& text) { return '`' + cell(text) + '`'; }

std::string default_cell(const CommandLine::Option& option, const FileValue& initial) {
  if (option.required) return "required";
  const bool is_nothing = initial.form == FileValue::Form::None || initial.texts.empty() ||
                          (initial.texts.size() == 1 && initial.texts.front().empty());
  return is_nothing ? "" : code(toml_of(initial));
}

}  // namespace

ExitCode CommandLine::Impl::print_reference(std::ostream& out) const {
  out << "| key | flag | variable | default | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& entry : entries) {
    if (!entry.is_setting) continue;
    const auto& option = entry.option;
    const auto key = option.name == config_option ? "" : code(file_key_of_option(option.name));
    out << "| " << key << " | " << code("--" + option.name + (option.value.empty() ? "" : ' ' + option.value))
        << " | " << code(variable_of_option(option.name)) << " | " << default_cell(option, entry.initial)
        << " | " << cell(option.help) << " |\n";
  }
  for (const auto& [name, known] : tables) {
    out << "| " << code("[[" + name + "]]") << " | | | | " << cell(known.help) << " |\n";
  }
  return ExitCode::Done;
}

void CommandLine::Impl::print_config(std::ostream& out) const {
  out << "# " << app->get_name() << ' ' << version() << ", "
      << (path.empty() ? "without a configuration file" : "with the configuration file " + path) << '\n';
  for (const auto& entry : entries) {
    const auto& option = entry.option;
    const auto value = entry.value();
    const bool stands_elsewhere = file.tables.contains(option.unless_tables);
    if (!entry.is_setting || option.name == config_option || stands_elsewhere) continue;
    if (value.form == FileValue::Form::None) {
      out << "# " << file_key_of_option(option.name) << " is not set\n";
    } else {
      out << file_key_of_option(option.name) << " = " << toml_of(value, option.mask) << "  # "
          << (entry.origin.empty() ? "default" : entry.origin) << '\n';
    }
  }
  for (const auto& [name, list] : file.tables) {
    for (const auto& table : list) out << '\n' << toml_of(name, table, path);
  }
}

ExitCode CommandLine::Impl::check_config(const Terminal& terminal) const {
  const auto name = app->get_name();
  Examination found;
  if (examination) examination(found);
  for (const auto& sentence : found.mistakes.sentences()) terminal.err << name << ": " << sentence << '\n';
  if (!found.mistakes.none()) return ExitCode::Usage;
  for (const auto& variable : unused_variables)
    terminal.out << "not a setting of " << name << ": " << variable << '\n';
  for (const auto& sentence : found.unchecked) terminal.out << "not checked: " << sentence << '\n';
  terminal.out << name << ": the configuration is ok" << (path.empty() ? "" : ": " + path) << '\n';
  return ExitCode::Done;
}

std::optional<ExitCode> CommandLine::Impl::inspect(const Terminal& terminal) const {
  if (inspection.print) print_config(terminal.out);
  if (inspection.check) return check_config(terminal);
  if (inspection.print) return ExitCode::Done;
  return std::nullopt;
}

}  // namespace mailboat
