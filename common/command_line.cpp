#include "common/command_line.hpp"

#include "common/command_line_impl.hpp"
#include "common/error.hpp"
#include "common/version.hpp"

namespace mailboat {
namespace {

// CLI11's own footer is not used: from 2.5 on it breaks lines anew, and an example has to stay as it is.
void print_help(std::ostream& out, const CLI::App& app, const std::string& footer) {
  auto text = app.help();
  text.erase(text.find_last_not_of('\n') + 1);
  out << text << "\n\n" << footer << '\n';
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

void CommandLine::tables(const std::string& name, UseTables use) {
  impl_->tables.emplace(name, std::move(use));
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

void CommandLine::check(std::function<void()> validate) { impl_->checks.push_back(std::move(validate)); }

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

std::optional<ExitCode> CommandLine::parse(const std::vector<std::string>& arguments, Terminal terminal,
                                           const Environment& environment) {
  const auto& app = *impl_->app;
  const auto refuse = [&](const std::string& sentence) {
    const auto command = given_command();
    terminal.err << app.get_name() << ": " << sentence << "\nTry '" << app.get_name() << ' '
                 << (command.empty() ? "" : command + " ") << "--help'.\n";
    return ExitCode::Usage;
  };
  try {
    impl_->app->parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them backwards
    if (const auto& last = innermost(); !last.impl_->commands.empty()) {
      const auto given = given_command();
      return refuse(given.empty() ? "which command?"
                                  : given + " needs a command: " + shown(last.command_names()));
    }
    impl_->resolve(environment);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    const auto& last = innermost();
    print_help(terminal.out, app,
               (&last == this ? impl_->settings_help() + "\n\n" : "") + last.impl_->example_help());
    return ExitCode::Done;
  } catch (const CLI::CallForVersion& version_text) {
    terminal.out << version_text.what() << '\n';
    return ExitCode::Done;
  } catch (const CLI::ExtrasError& error) {
    const auto extra = app.remaining().front();
    const auto& last = innermost();
    if (last.impl_->commands.empty() || extra.starts_with('-')) return refuse(error.what());
    const auto given = given_command();
    return refuse("there is no command '" + (given.empty() ? "" : given + " ") + extra +
                  "' (there are: " + shown(last.command_names()) + ")");
  } catch (const CLI::Error& error) {
    return refuse(error.what());
  } catch (const InvalidInput& error) {
    return refuse(error.what());
  } catch (const ConfigurationError& error) {
    return refuse(error.what());
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
