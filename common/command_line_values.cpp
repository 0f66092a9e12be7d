#include <algorithm>
#include <set>

#include "common/command_line_impl.hpp"
#include "common/error.hpp"
#include "common/nearest_name.hpp"

namespace mailboat {

void require_choice(const CommandLine::Option& option, const OptionTexts& texts) {
  if (option.choices.empty()) return;
  for (const auto& text : texts) {
    if (std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
      throw InvalidInput("'" + text + "' is none of " + shown(option.choices));
    }
  }
}

bool may_hold_password(std::string_view text) {
  const auto key = text.find("password");
  if (key != std::string_view::npos && text.find('=', key) != std::string_view::npos) return true;
  const auto address = text.find(":/");
  if (address == std::string_view::npos) return false;
  const auto end = text.find_first_of("@ ", address);
  return end != std::string_view::npos && text[end] == '@';
}

const CommandLine* CommandLine::Impl::given() const {
  for (const auto& command : commands) {
    if (command->impl_->app->parsed()) return command.get();
  }
  return nullptr;
}

std::optional<GivenTexts> CommandLine::Impl::given(const Entry& entry, const Environment& environment) const {
  const auto& name = entry.option.name;
  const auto texts = [&entry](const std::string& text) {
    return entry.splits_at_commas ? split_at_commas(text) : OptionTexts{text};
  };
  if (entry.vendor->count() > 0) {
    const auto origin = entry.vendor->get_positional() ? name : "--" + name;
    GivenTexts found{{}, origin, origin};
    for (const auto& result : entry.vendor->results()) {
      const auto parts = entry.vendor->get_positional() ? OptionTexts{result} : texts(result);
      found.texts.insert(found.texts.end(), parts.begin(), parts.end());
    }
    return found;
  }
  if (!entry.is_setting) return std::nullopt;
  const auto variable = variable_of_option(name);
  const auto value = environment(variable);
  if (value && !value->empty()) return GivenTexts{texts(*value), variable, variable};
  const auto key = file_key_of_option(name);
  const auto in_file = file.entries.find(key);
  if (in_file == file.entries.end()) return std::nullopt;
  const auto origin = place_in(path, file.lines.at(key));
  const auto place = origin + ": " + key;
  if (!in_file->second)
    throw ConfigurationError(place + ": expected a text, a number, true, false or a list of texts");
  return GivenTexts{*in_file->second, origin, place};
}

namespace {

std::string beside_tables(const GivenTexts& found, const CommandLine::Option& option,
                          const std::string& path) {
  return found.place + ": " + path + " has [[" + option.unless_tables + "]], each with a " +
         file_key_of_option(option.name) + " of its own. Remove one or the other";
}

std::string bad_value(const std::string& place, const Error& error) {
  return place + ": " +
         (may_hold_password(error.what())
              ? "not a value for this (a connection string? it belongs to --postgres; not shown, for it may "
                "hold a password)"
              : error.what());
}

std::string missing_setting(const CommandLine::Option& option) {
  const auto tables = option.unless_tables.empty() ? "" : " or [[" + option.unless_tables + "]]";
  return "--" + option.name + " is missing (or " + variable_of_option(option.name) + ", or " +
         file_key_of_option(option.name) + tables + " in the file given with --config)";
}

}  // namespace

void CommandLine::Impl::apply(Entry& entry, const Environment& environment) const {
  const auto found = given(entry, environment);
  const bool has_tables = file.tables.contains(entry.option.unless_tables);
  if (found && has_tables) throw ConfigurationError(beside_tables(*found, entry.option, path));
  if (found) {
    entry.origin = found->origin;
    entry.place = found->place;
    try {
      entry.assign(found->texts);
    } catch (const InvalidInput& error) {
      throw ConfigurationError(bad_value(found->place, error));
    }
  } else if (entry.option.required && !has_tables) {
    throw ConfigurationError(entry.is_setting ? missing_setting(entry.option)
                                              : entry.option.name + " is missing");
  }
}

void CommandLine::Impl::apply(const Environment& environment, Mistakes& mistakes) {
  for (auto& entry : entries) {
    entry.is_wrong = !mistakes.attempt([&] { apply(entry, environment); });
  }
}

void CommandLine::Impl::run_check(const Check& check) const {
  const auto entry = std::find_if(entries.begin(), entries.end(), [&check](const Entry& other) {
    return other.option.name == check.setting;
  });
  if (entry == entries.end()) return check.validate();
  if (entry->is_wrong) return;
  try {
    check.validate();
  } catch (const Error& error) {
    throw ConfigurationError(bad_value(entry->place.empty() ? check.setting : entry->place, error));
  }
}

void CommandLine::Impl::run_checks(Mistakes& mistakes) const {
  for (const auto& check : checks) {
    if (!check.setting.empty() || mistakes.none()) mistakes.attempt([&] { run_check(check); });
  }
}

void CommandLine::Impl::apply_tables(Mistakes& mistakes) const {
  for (const auto& [name, known] : tables) {
    const auto found = file.tables.find(name);
    if (found != file.tables.end()) {
      mistakes.attempt([&, &use = known.use] { use(path, found->second); });
    } else if (file.entries.contains(name)) {
      mistakes.add(place_in(path, file.lines.at(name)) + ": " + name +
                   ": expected a list of tables. Begin each with [[" + name + "]], in double brackets");
    }
  }
}

void CommandLine::Impl::read_file(const Environment& environment) {
  for (const auto& entry : entries) {
    if (entry.option.name != config_option) continue;
    if (const auto found = given(entry, environment)) path = found->texts.front();
  }
  if (!path.empty()) file = read_config_file(path);
}

void CommandLine::Impl::refuse_unknown_keys(Mistakes& mistakes) const {
  std::set<std::string> known;
  for (const auto& entry : entries) {
    if (entry.is_setting && entry.option.name != config_option)
      known.insert(file_key_of_option(entry.option.name));
  }
  std::vector<std::string> all(known.begin(), known.end());
  for (const auto& [name, use] : tables) all.push_back("[[" + name + "]]");
  for (const auto& [key, texts] : file.entries) {
    if (known.contains(key) || tables.contains(key)) continue;
    const auto name = file.tables.contains(key) ? "[[" + key + "]]" : key;
    mistakes.add(place_in(path, file.lines.at(key)) + ": unknown key '" + key + "'" + hint_for(name, all));
  }
}

// A variable that resembles none of ours may be another program's: a shell has those of all three, and
// Kubernetes makes some from the names of services. Names are compared without what all have in common.
void CommandLine::Impl::refuse_unknown_variables(const Environment& environment, Mistakes& mistakes) {
  const auto beginning = variable_of_option("").size();
  std::vector<std::string> known;
  for (const auto& entry : entries) {
    if (entry.is_setting) known.push_back(variable_of_option(entry.option.name).substr(beginning));
  }
  for (const auto& name : environment.own_names()) {
    const auto nearest = nearest_name(name.substr(beginning), known);
    if (!nearest) {
      unused_variables.push_back(name);
    } else if (name != variable_of_option(*nearest)) {
      mistakes.add(name + ": unknown variable" + did_you_mean(variable_of_option(*nearest)));
    }
  }
}

std::vector<std::string> CommandLine::Impl::resolve(const Environment& environment) {
  Mistakes mistakes;
  refuse_unknown_variables(environment, mistakes);
  if (!mistakes.attempt([&] { read_file(environment); })) return mistakes.sentences();
  refuse_unknown_keys(mistakes);
  apply(environment, mistakes);
  apply_tables(mistakes);
  run_checks(mistakes);
  for (const auto* command = given(); command != nullptr; command = command->impl_->given()) {
    command->impl_->apply(environment, mistakes);
    command->impl_->run_checks(mistakes);
  }
  return mistakes.sentences();
}

std::string CommandLine::Impl::settings_help() const {
  const auto last =
      std::find_if(entries.rbegin(), entries.rend(), [](const Entry& entry) { return entry.is_setting; });
  const auto& name = last->option.name;  // there is always --config
  return "Settings can also stand in a variable (--" + name + ": " + variable_of_option(name) +
         ") or in the file given\nwith --config (" + file_key_of_option(name) +
         " = \"...\"). Flags win over variables, variables over the file.";
}

}  // namespace mailboat
