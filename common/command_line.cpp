#include "common/command_line.hpp"

#include "common/command_line_impl.hpp"
#include "common/nearest_name.hpp"
#include "common/version.hpp"

namespace mailboat {
namespace {

// CLI11's own footer is not used: from 2.5 on it breaks lines anew, and an example has to stay as it is.
void print_help(std::ostream& out, const CLI::App& app, const std::string& footer) {
  auto text = app.help();
  text.erase(text.find_last_not_of('\n') + 1);
  out << text << "\n\n" << footer << '\n';
}

constexpr auto unexpected_connection =
    "unexpected argument (a connection string? it belongs to --postgres; not shown, for it may hold a "
    "password)";

bool may_be_connection(std::string_view argument) {
  return argument.find(":/") != std::string_view::npos || may_hold_password(argument);
}

}  // namespace

CommandLine::CommandLine(std::string name, std::string summary, std::string example)
    : impl_(std::make_unique<Impl>(std::make_unique<CLI::App>(summary, name))) {
  auto& app = *impl_->app;
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", name + " " + std::string(version()), "Print the version and exit");
  app.get_formatter()->column_width(34);
  impl_->add_flag({"config", "FILE", "TOML file with further settings"}, impl_->config, true);
  impl_->example = std::move(example);
}

void CommandLine::offer_inspection() {
  argument(
      {.name = "check-config", .value = "", .help = "Say what is wrong with the configuration, and exit"},
      impl_->inspection.check);
  argument({.name = "print-config",
            .value = "",
            .help = "Print the configuration in use, and where each value came from, and exit"},
           impl_->inspection.print);
  // Like --help, it needs no configuration that is right.
  impl_->app->add_flag("--print-config-reference", impl_->inspection.reference,
                       "Print a table of all settings in Markdown, and exit");
}

CommandLine::CommandLine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandLine::~CommandLine() = default;

void CommandLine::setting(Option option, std::string& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, std::vector<std::string>& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, bool& target) { impl_->add_flag(std::move(option), target, true); }
void CommandLine::setting(Option option, std::uint32_t& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, std::chrono::milliseconds& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, ByteSize& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, log::Level& target) {
  impl_->add_flag(std::move(option), target, true);
}

void CommandLine::setting(Option option, log::Format& target) {
  impl_->add_flag(std::move(option), target, true);
}

void CommandLine::tables(const std::string& name, std::string help, UseTables use) {
  impl_->tables.emplace(name, Impl::Tables{std::move(help), std::move(use)});
}

void CommandLine::argument(Option option, std::string& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::optional<std::string>& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::uint32_t& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::optional<std::uint32_t>& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::optional<std::chrono::milliseconds>& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::vector<std::string>& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, std::optional<std::vector<std::string>>& target) {
  impl_->add_flag(std::move(option), target, false);
}
void CommandLine::argument(Option option, bool& target) { impl_->add_flag(std::move(option), target, false); }

void CommandLine::position(Option option, std::string& target) {
  const auto name = option.name;
  impl_->add(std::move(option), target, false, name);
}

void CommandLine::position(Option option, std::vector<std::string>& target) {
  const auto name = option.name;
  impl_->add(std::move(option), target, false, name)
      .vendor->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args();
}

void CommandLine::check(std::function<void()> validate) { check("", std::move(validate)); }

void CommandLine::check(const std::string& setting, std::function<void()> validate) {
  impl_->checks.push_back({setting, std::move(validate)});
}

void CommandLine::examine(std::function<void(Examination&)> examination) {
  impl_->examination = std::move(examination);
}

CommandLine& CommandLine::command(std::string name, std::string summary, std::string example) {
  auto* app = impl_->app->add_subcommand(name, summary);
  app->fallthrough();  // `mailboat status --postgres URI` as well as `mailboat --postgres URI status`
  impl_->app->require_subcommand(0, 1);  // a second name is a value: `mailboat track status`
  auto impl = std::make_unique<Impl>(app);
  impl->example = std::move(example);
  impl_->commands.push_back(std::unique_ptr<CommandLine>(new CommandLine(std::move(impl))));
  return *impl_->commands.back();
}

std::string CommandLine::given_command() const {
  const auto* given = impl_->given();
  if (given == nullptr) return "";
  const auto inner = given->given_command();
  return given->impl_->app->get_name() + (inner.empty() ? "" : " " + inner);
}

const CommandLine& CommandLine::innermost() const {
  const auto* given = impl_->given();
  return given == nullptr ? *this : given->innermost();
}

ExitCode CommandLine::refuse(const Terminal& terminal, const std::vector<std::string>& sentences) const {
  const auto name = impl_->app->get_name();
  const auto command = given_command();
  for (const auto& sentence : sentences) terminal.err << name << ": " << sentence << '\n';
  terminal.err << "Try '" << name << ' ' << (command.empty() ? "" : command + " ") << "--help'.\n";
  return ExitCode::Usage;
}

// The value of a misspelt option may be a secret: only names are told.
std::string CommandLine::unexpected(const std::string& argument) const {
  const auto& last = innermost();
  const auto given = given_command();
  if (argument.starts_with('-')) {
    const auto name = argument.substr(0, argument.find('='));
    if (may_be_connection(name)) return unexpected_connection;
    std::vector<std::string> known;
    for (const auto& flag : last.flags()) known.push_back(flag.name);
    for (const auto& flag : flags()) known.push_back(flag.name);
    const auto nearest = nearest_name(name, known);
    return "there is no option " + name + (nearest ? did_you_mean(*nearest) : "");
  }
  if (may_be_connection(argument)) return unexpected_connection;
  if (last.impl_->commands.empty()) return "unexpected argument '" + argument + "'";
  return "there is no command '" + (given.empty() ? "" : given + " ") + argument +
         "' (there are: " + shown(last.command_names()) + ")";
}

std::optional<ExitCode> CommandLine::parse(const std::vector<std::string>& arguments, Terminal terminal,
                                           const Environment& environment) {
  const auto& app = *impl_->app;
  try {
    impl_->app->parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them backwards
    if (const auto& last = innermost(); !last.impl_->commands.empty()) {
      const auto given = given_command();
      return refuse(terminal, {given.empty() ? "which command?"
                                             : given + " needs a command: " + shown(last.command_names())});
    }
    if (impl_->inspection.reference) return impl_->print_reference(terminal.out);
    const auto mistakes = impl_->resolve(environment);
    if (!mistakes.empty()) return refuse(terminal, mistakes);
    return impl_->inspect(terminal);
  } catch (const CLI::CallForHelp&) {
    const auto& last = innermost();
    print_help(terminal.out, app,
               (&last == this ? impl_->settings_help() + "\n\n" : "") + last.impl_->example_help());
    return ExitCode::Done;
  } catch (const CLI::CallForVersion& version_text) {
    terminal.out << version_text.what() << '\n';
    return ExitCode::Done;
  } catch (const CLI::ExtrasError&) {
    return refuse(terminal, {unexpected(app.remaining().front())});
  } catch (const CLI::Error& error) {
    return refuse(terminal, {error.what()});
  }
}

std::optional<ExitCode> CommandLine::parse(int argc, const char* const* argv, Terminal terminal) {
  return parse(std::vector<std::string>(argv + 1, argv + argc), terminal, process_environment());
}

std::vector<std::string> CommandLine::command_names() const {
  std::vector<std::string> names;
  for (const auto& command : impl_->commands) names.push_back(command->impl_->app->get_name());
  return names;
}

std::vector<CommandLine::Flag> CommandLine::flags() const {
  std::vector<Flag> found;
  for (const auto* option : impl_->app->get_options()) {
    for (const auto& name : option->get_lnames()) found.push_back({"--" + name, {}});
  }
  for (const auto& entry : impl_->entries) {
    for (auto& flag : found) {
      if (flag.name == "--" + entry.option.name) flag.choices = entry.option.choices;
    }
  }
  return found;
}

const CommandLine& CommandLine::command(const std::string& name) const {
  for (const auto& command : impl_->commands) {
    if (command->impl_->app->get_name() == name) return *command;
  }
  throw InvalidInput("no such command: " + name);
}

}  // namespace mailboat
