#include "common/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "common/config_file.hpp"
#include "common/error.hpp"
#include "common/option_value.hpp"
#include "common/version.hpp"

namespace mailboat {
namespace {

constexpr const char* config_option = "config";

void require_choice(const CommandLine::Option& option, const OptionTexts& texts) {
  if (option.choices.empty()) return;
  for (const auto& text : texts) {
    if (std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
      throw InvalidInput("'" + text + "' is none of " + shown(option.choices));
    }
  }
}

// CLI11 2.1 ends without a newline after a footer, 2.4 with one.
void print_help(std::ostream& out, const CLI::App& app) {
  const auto text = app.help();
  out << text << (text.ends_with('\n') ? "" : "\n");
}

// The texts and where they were found, for the error message.
struct Given {
  OptionTexts texts;
  std::string origin;
};

}  // namespace

struct CommandLine::Impl {
  struct Entry {
    Option option;
    bool is_setting;
    bool is_list;
    std::function<void(const OptionTexts&)> assign;
    CLI::Option* vendor = nullptr;
  };

  explicit Impl(std::unique_ptr<CLI::App> root) : owned(std::move(root)), app(owned.get()) {}
  explicit Impl(CLI::App* command) : app(command) {}

  template <typename Target>
  Entry& add(Option option, Target& target, bool is_setting, const std::string& vendor_name) {
    constexpr bool is_list = std::is_same_v<Target, std::vector<std::string>> ||
                             std::is_same_v<Target, std::optional<std::vector<std::string>>>;
    const auto initial = shown(target);
    const auto help = option.help + (initial.empty() ? "" : " (default: " + initial + ")");
    auto* vendor = std::is_same_v<Target, bool>
                       ? app->add_flag(vendor_name, help)
                       : app->add_option(
                             vendor_name, [](const CLI::results_t&) { return true; }, help);
    if (is_setting) vendor->group("Settings");
    if (vendor->get_positional()) vendor->required(option.required);
    if (!option.value.empty()) vendor->type_name(option.value);
    if (is_list) vendor->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    const auto set = [option, &target](const OptionTexts& texts) {
      require_choice(option, texts);
      assign(target, texts);
    };
    entries.push_back({std::move(option), is_setting, is_list, set, vendor});
    return entries.back();
  }

  template <typename Target>
  void add_flag(Option option, Target& target, bool is_setting) {
    const auto name = "--" + option.name;
    add(std::move(option), target, is_setting, name);
  }

  [[nodiscard]] std::optional<Given> given(const Entry& entry, const Environment& environment,
                                           const ConfigEntries& file, const std::string& path) const;
  void apply(const Environment& environment, const ConfigEntries& file, const std::string& path) const;
  [[nodiscard]] std::string config_path(const Environment& environment) const;
  void refuse_unknown_keys(const ConfigEntries& file, const std::string& path) const;
  void resolve(const Environment& environment) const;
  [[nodiscard]] std::string settings_help() const;

  std::unique_ptr<CLI::App> owned;  // of the program; a command belongs to its program
  CLI::App* app;
  std::vector<Entry> entries;
  std::vector<std::function<void()>> checks;
  std::vector<std::unique_ptr<CommandLine>> commands;
  std::string config;
  std::string example;
};

std::optional<Given> CommandLine::Impl::given(const Entry& entry, const Environment& environment,
                                              const ConfigEntries& file, const std::string& path) const {
  const auto& name = entry.option.name;
  const auto texts = [&entry](const std::string& text) {
    return entry.is_list ? split_at_commas(text) : OptionTexts{text};
  };
  if (entry.vendor->count() > 0) {
    Given found{{}, entry.vendor->get_positional() ? name : "--" + name};
    for (const auto& result : entry.vendor->results()) {
      const auto parts = entry.vendor->get_positional() ? OptionTexts{result} : texts(result);
      found.texts.insert(found.texts.end(), parts.begin(), parts.end());
    }
    return found;
  }
  if (!entry.is_setting) return std::nullopt;
  const auto value = environment(variable_of_option(name));
  if (value && !value->empty()) return Given{texts(*value), variable_of_option(name)};
  const auto in_file = file.find(file_key_of_option(name));
  if (in_file == file.end()) return std::nullopt;
  const auto origin = path + ": " + file_key_of_option(name);
  if (!in_file->second)
    throw ConfigurationError(origin + ": expected a text, a number, true, false or a list of texts");
  return Given{*in_file->second, origin};
}

void CommandLine::Impl::apply(const Environment& environment, const ConfigEntries& file,
                              const std::string& path) const {
  for (const auto& entry : entries) {
    const auto found = given(entry, environment, file, path);
    if (found) {
      try {
        entry.assign(found->texts);
      } catch (const InvalidInput& error) {
        throw ConfigurationError(found->origin + ": " + error.what());
      }
    } else if (entry.option.required && entry.is_setting) {
      throw ConfigurationError("--" + entry.option.name + " is missing (or " +
                               variable_of_option(entry.option.name) + ", or " +
                               file_key_of_option(entry.option.name) + " in the file given with --config)");
    } else if (entry.option.required) {
      throw ConfigurationError(entry.option.name + " is missing");
    }
  }
  for (const auto& check : checks) check();
}

std::string CommandLine::Impl::config_path(const Environment& environment) const {
  for (const auto& entry : entries) {
    if (entry.option.name != config_option) continue;
    const auto found = given(entry, environment, {}, {});
    return found ? found->texts.front() : "";
  }
  return {};
}

void CommandLine::Impl::refuse_unknown_keys(const ConfigEntries& file, const std::string& path) const {
  std::set<std::string> known;
  for (const auto& entry : entries) {
    if (entry.is_setting && entry.option.name != config_option)
      known.insert(file_key_of_option(entry.option.name));
  }
  for (const auto& [key, texts] : file) {
    if (known.contains(key)) continue;
    throw ConfigurationError(path + ": unknown key '" + key + "' (known: " +
                             shown(std::vector<std::string>(known.begin(), known.end())) + ")");
  }
}

void CommandLine::Impl::resolve(const Environment& environment) const {
  const auto path = config_path(environment);
  ConfigEntries file;
  if (!path.empty()) file = read_config_file(path);
  refuse_unknown_keys(file, path);
  apply(environment, file, path);
  for (const auto& command : commands) {
    if (command->impl_->app->parsed()) command->impl_->apply(environment, {}, {});
  }
}

std::string CommandLine::Impl::settings_help() const {
  const auto& name = entries.back().option.name;
  return "Settings can also stand in a variable (--" + name + ": " + variable_of_option(name) +
         ") or in the file given\nwith --config (" + file_key_of_option(name) +
         " = \"...\"). Flags win over variables, variables over the file.";
}

CommandLine::CommandLine(std::string name, std::string summary, std::string example)
    : impl_(std::make_unique<Impl>(std::make_unique<CLI::App>(summary, name))) {
  auto& app = *impl_->app;
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", name + " " + std::string(version()), "Print the version and exit");
  app.get_formatter()->column_width(34);
  app.require_subcommand(0, 1);
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
void CommandLine::setting(Option option, std::chrono::milliseconds& target) {
  impl_->add_flag(std::move(option), target, true);
}
void CommandLine::setting(Option option, log::Level& target) {
  impl_->add_flag(std::move(option), target, true);
}

void CommandLine::argument(Option option, std::string& target) {
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
  app->footer("Example:\n  " + example);
  impl_->commands.push_back(std::unique_ptr<CommandLine>(new CommandLine(std::make_unique<Impl>(app))));
  return *impl_->commands.back();
}

std::string CommandLine::given_command() const {
  const auto given = impl_->app->get_subcommands();
  return given.empty() ? "" : given.front()->get_name();
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
  impl_->app->footer(impl_->settings_help() + "\n\nExample:\n  " + impl_->example);
  try {
    impl_->app->parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them backwards
    if (!impl_->commands.empty() && given_command().empty()) return refuse("which command?");
    impl_->resolve(environment);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    print_help(terminal.out, app);
    return ExitCode::Done;
  } catch (const CLI::CallForVersion& version_text) {
    terminal.out << version_text.what() << '\n';
    return ExitCode::Done;
  } catch (const CLI::ExtrasError& error) {
    const auto extra = app.remaining().front();
    if (impl_->commands.empty() || !given_command().empty() || extra.starts_with('-'))
      return refuse(error.what());
    return refuse("there is no command '" + extra + "' (there are: " + shown(command_names()) + ")");
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
