#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/command_line.hpp"
#include "common/config_file.hpp"
#include "common/option_value.hpp"

// Include only from command_line.cpp (what can be typed), command_line_values.cpp (which source wins) and
// command_line_inspect.cpp (what came of it).

namespace mailboat {

inline constexpr const char* config_option = "config";

/// Throws InvalidInput when the option has choices and a text is none of them.
void require_choice(const CommandLine::Option& option, const OptionTexts& texts);

/// A connection string that stands where it does not belong is not to put a password into a log.
bool may_hold_password(std::string_view text);

/// Texts for one option, and where they were found.
struct GivenTexts {
  OptionTexts texts;
  std::string origin;  ///< `--listen`, `MAILBOAT_LISTEN` or `producer.toml, line 3`
  std::string place;   ///< how a sentence about them begins: in a file with the key, too
};

struct CommandLine::Impl {
  struct Entry {
    Option option;
    bool is_setting;
    bool splits_at_commas;
    std::function<void(const OptionTexts&)> assign;
    std::function<FileValue()> value;  // what the target holds now
    FileValue initial;
    CLI::Option* vendor = nullptr;
    std::string origin = {};  // of the value; empty: it is the default
    std::string place = {};
    bool is_wrong = false;
  };
  struct Tables {
    std::string help;
    UseTables use;
  };
  struct Check {
    std::string setting;  // empty: of all
    std::function<void()> validate;
  };
  struct Inspection {
    bool check = false;
    bool print = false;
    bool reference = false;
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
    if (!option.without_value.empty()) vendor->expected(0, 1)->default_str(option.without_value);
    if (is_list) vendor->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    const auto set = [option, &target](const OptionTexts& texts) {
      require_choice(option, texts);
      assign(target, texts);
    };
    const bool splits = is_list && !option.has_commas;
    entries.push_back({std::move(option), is_setting, splits, set, [&target] { return file_value(target); },
                       file_value(target), vendor});
    return entries.back();
  }

  template <typename Target>
  void add_flag(Option option, Target& target, bool is_setting) {
    const auto name = "--" + option.name;
    add(std::move(option), target, is_setting, name);
  }

  [[nodiscard]] const CommandLine* given() const;  // of our commands; null when none is
  [[nodiscard]] std::optional<GivenTexts> given(const Entry& entry, const Environment& environment) const;
  void apply(Entry& entry, const Environment& environment) const;
  void apply(const Environment& environment, Mistakes& mistakes);
  void run_check(const Check& check) const;
  void run_checks(Mistakes& mistakes) const;
  void apply_tables(Mistakes& mistakes) const;
  void read_file(const Environment& environment);
  void refuse_unknown_keys(Mistakes& mistakes) const;
  void refuse_unknown_variables(const Environment& environment, Mistakes& mistakes);
  std::vector<std::string> resolve(const Environment& environment);

  ExitCode print_reference(std::ostream& out) const;
  void print_config(std::ostream& out) const;
  [[nodiscard]] ExitCode check_config(const Terminal& terminal) const;
  [[nodiscard]] std::optional<ExitCode> inspect(const Terminal& terminal) const;
  [[nodiscard]] std::string settings_help() const;
  [[nodiscard]] std::string example_help() const { return "Example:\n  " + example; }

  std::unique_ptr<CLI::App> owned;  // of the program; a command belongs to its program
  CLI::App* app;
  std::vector<Entry> entries;
  std::map<std::string, Tables> tables;
  std::vector<Check> checks;
  Inspection inspection;
  std::function<void(Examination&)> examination;
  std::vector<std::unique_ptr<CommandLine>> commands;
  std::string config;
  std::string example;
  ConfigFile file;   // that was read
  std::string path;  // its name; empty: there is none
  std::vector<std::string> unused_variables;
};

}  // namespace mailboat
