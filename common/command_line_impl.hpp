#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "common/command_line.hpp"
#include "common/config_file.hpp"
#include "common/option_value.hpp"

// Include only from command_line.cpp (what can be typed) and command_line_values.cpp (which source wins).

namespace mailboat {

inline constexpr const char* config_option = "config";

/// Throws InvalidInput when the option has choices and a text is none of them.
void require_choice(const CommandLine::Option& option, const OptionTexts& texts);

/// Texts for one option, and where they were found, for the error message.
struct GivenTexts {
  OptionTexts texts;
  std::string origin;
};

struct CommandLine::Impl {
  struct Entry {
    Option option;
    bool is_setting;
    bool splits_at_commas;
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
    if (!option.without_value.empty()) vendor->expected(0, 1)->default_str(option.without_value);
    if (is_list) vendor->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    const auto set = [option, &target](const OptionTexts& texts) {
      require_choice(option, texts);
      assign(target, texts);
    };
    const bool splits = is_list && !option.has_commas;
    entries.push_back({std::move(option), is_setting, splits, set, vendor});
    return entries.back();
  }

  template <typename Target>
  void add_flag(Option option, Target& target, bool is_setting) {
    const auto name = "--" + option.name;
    add(std::move(option), target, is_setting, name);
  }

  [[nodiscard]] const CommandLine* given() const;  // of our commands; null when none is
  [[nodiscard]] std::optional<GivenTexts> given(const Entry& entry, const Environment& environment,
                                                const ConfigEntries& file, const std::string& path) const;
  void apply(const Environment& environment, const ConfigFile& file, const std::string& path) const;
  void run_checks() const;
  void apply_tables(const ConfigFile& file, const std::string& path) const;
  [[nodiscard]] std::string config_path(const Environment& environment) const;
  void refuse_unknown_keys(const ConfigEntries& file, const std::string& path) const;
  void resolve(const Environment& environment) const;
  [[nodiscard]] std::string settings_help() const;
  [[nodiscard]] std::string example_help() const { return "Example:\n  " + example; }

  std::unique_ptr<CLI::App> owned;  // of the program; a command belongs to its program
  CLI::App* app;
  std::vector<Entry> entries;
  std::map<std::string, UseTables> tables;
  std::vector<std::function<void()>> checks;
  std::vector<std::unique_ptr<CommandLine>> commands;
  std::string config;
  std::string example;
};

}  // namespace mailboat
