#include <algorithm>
#include <set>

#include "common/command_line_impl.hpp"
#include "common/error.hpp"

namespace mailboat {

void require_choice(const CommandLine::Option& option, const OptionTexts& texts) {
  if (option.choices.empty()) return;
  for (const auto& text : texts) {
    if (std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
      throw InvalidInput("'" + text + "' is none of " + shown(option.choices));
    }
  }
}

const CommandLine* CommandLine::Impl::given() const {
  for (const auto& command : commands) {
    if (command->impl_->app->parsed()) return command.get();
  }
  return nullptr;
}

std::optional<GivenTexts> CommandLine::Impl::given(const Entry& entry, const Environment& environment,
                                                   const ConfigEntries& file, const std::string& path) const {
  const auto& name = entry.option.name;
  const auto texts = [&entry](const std::string& text) {
    return entry.splits_at_commas ? split_at_commas(text) : OptionTexts{text};
  };
  if (entry.vendor->count() > 0) {
    GivenTexts found{{}, entry.vendor->get_positional() ? name : "--" + name};
    for (const auto& result : entry.vendor->results()) {
      const auto parts = entry.vendor->get_positional() ? OptionTexts{result} : texts(result);
      found.texts.insert(found.texts.end(), parts.begin(), parts.end());
    }
    return found;
  }
  if (!entry.is_setting) return std::nullopt;
  const auto value = environment(variable_of_option(name));
  if (value && !value->empty()) return GivenTexts{texts(*value), variable_of_option(name)};
  const auto in_file = file.find(file_key_of_option(name));
  if (in_file == file.end()) return std::nullopt;
  const auto origin = path + ": " + file_key_of_option(name);
  if (!in_file->second)
    throw ConfigurationError(origin + ": expected a text, a number, true, false or a list of texts");
  return GivenTexts{*in_file->second, origin};
}

namespace {

std::string beside_tables(const GivenTexts& found, const CommandLine::Option& option,
                          const std::string& path) {
  return found.origin + ": " + path + " has [[" + option.unless_tables + "]], each with a " +
         file_key_of_option(option.name) + " of its own. Remove one or the other";
}

std::string missing_setting(const CommandLine::Option& option) {
  const auto tables = option.unless_tables.empty() ? "" : " or [[" + option.unless_tables + "]]";
  return "--" + option.name + " is missing (or " + variable_of_option(option.name) + ", or " +
         file_key_of_option(option.name) + tables + " in the file given with --config)";
}

}  // namespace

void CommandLine::Impl::apply(const Environment& environment, const ConfigFile& file,
                              const std::string& path) const {
  for (const auto& entry : entries) {
    const auto found = given(entry, environment, file.entries, path);
    const bool has_tables = file.tables.contains(entry.option.unless_tables);
    if (found && has_tables) throw ConfigurationError(beside_tables(*found, entry.option, path));
    if (found) {
      try {
        entry.assign(found->texts);
      } catch (const InvalidInput& error) {
        throw ConfigurationError(found->origin + ": " + error.what());
      }
    } else if (has_tables) {
      continue;
    } else if (entry.option.required && entry.is_setting) {
      throw ConfigurationError(missing_setting(entry.option));
    } else if (entry.option.required) {
      throw ConfigurationError(entry.option.name + " is missing");
    }
  }
}

void CommandLine::Impl::run_checks() const {
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

void CommandLine::Impl::apply_tables(const ConfigFile& file, const std::string& path) const {
  for (const auto& [name, use] : tables) {
    const auto found = file.tables.find(name);
    if (found != file.tables.end()) {
      use(path, found->second);
    } else if (file.entries.contains(name)) {
      throw ConfigurationError(path + ": " + name + ": expected a list of tables. Begin each with [[" + name +
                               "]], in double brackets");
    }
  }
}

void CommandLine::Impl::refuse_unknown_keys(const ConfigEntries& file, const std::string& path) const {
  std::set<std::string> known;
  for (const auto& entry : entries) {
    if (entry.is_setting && entry.option.name != config_option)
      known.insert(file_key_of_option(entry.option.name));
  }
  for (const auto& [key, texts] : file) {
    if (known.contains(key) || tables.contains(key)) continue;
    std::vector<std::string> all(known.begin(), known.end());
    for (const auto& [name, use] : tables) all.push_back("[[" + name + "]]");
    throw ConfigurationError(path + ": unknown key '" + key + "' (known: " + shown(all) + ")");
  }
}

void CommandLine::Impl::resolve(const Environment& environment) const {
  const auto path = config_path(environment);
  ConfigFile file;
  if (!path.empty()) file = read_config_file(path);
  refuse_unknown_keys(file.entries, path);
  apply(environment, file, path);
  apply_tables(file, path);
  run_checks();
  for (const auto* command = given(); command != nullptr; command = command->impl_->given()) {
    command->impl_->apply(environment, {}, {});
    command->impl_->run_checks();
  }
}

std::string CommandLine::Impl::settings_help() const {
  const auto& name = entries.back().option.name;
  return "Settings can also stand in a variable (--" + name + ": " + variable_of_option(name) +
         ") or in the file given\nwith --config (" + file_key_of_option(name) +
         " = \"...\"). Flags win over variables, variables over the file.";
}

}  // namespace mailboat
