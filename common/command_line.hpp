#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "common/byte_size.hpp"
#include "common/config_file.hpp"
#include "common/environment.hpp"
#include "common/exit_code.hpp"
#include "common/log_line.hpp"
#include "common/mistakes.hpp"

namespace mailboat {

/// Where a program prints; tests pass their own streams. They must outlive whoever holds this.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  std::istream* in = nullptr;  ///< where somebody sits who can be asked; null when there is nobody
  bool err_is_screen = false;  ///< `err` can be written over: somebody watches how far something has come
  bool out_is_screen = false;
  std::size_t columns = 80;  ///< of the screen
};

/// A program's options, and for a program with commands theirs too. Commands may have commands in turn.
///
/// A *setting* can be given as a flag (`--poll-interval-max 50ms`), in a variable
/// (`MAILBOAT_POLL_INTERVAL_MAX=50ms`) or in the TOML file named by --config (`poll_interval_max = "50ms"`).
/// Flags win over variables, variables over the file; what is given nowhere keeps the target's value from
/// before. In a variable, several values are separated by commas; an empty variable counts as not set. An
/// *argument* is given by flag or position only. Targets must outlive parse().
class CommandLine {
 public:
  /// One option or positional argument.
  struct Option {
    std::string name;   ///< as typed, without dashes: `poll-interval-max`; for a position: `TABLE`
    std::string value;  ///< what to call the value in the help text, e.g. `DURATION`
    std::string help;   ///< one sentence without a full stop
    bool required = false;
    std::vector<std::string> choices = {};  ///< when not empty, nothing else is accepted
    bool has_commas = false;  ///< the values of a list may: it is given several times, not split
    /// Where the file has `[[...]]` of this name, the option is not required, and must not be given.
    std::string unless_tables = {};
    /// What the bare flag stands for, where its value may be left out.
    std::string without_value = {};
    /// Of a setting that may hold a secret: its value as it may be shown.
    std::function<std::string(const std::string&)> mask = {};
  };

  CommandLine(std::string name, std::string summary, std::string example);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  void setting(Option option, std::string& target);
  void setting(Option option, std::vector<std::string>& target);
  void setting(Option option, bool& target);
  void setting(Option option, std::uint32_t& target);
  void setting(Option option, std::chrono::milliseconds& target);
  void setting(Option option, ByteSize& target);
  void setting(Option option, log::Level& target);
  void setting(Option option, log::Format& target);

  /// A list of tables, `[[name]]`, that can stand in the file only; `help` is a sentence for the reference.
  /// `use` runs once the settings have their values, when the file has any such table; what it throws
  /// (ConfigurationError) is a usage error.
  using UseTables = std::function<void(const std::string& path, const std::vector<ConfigTable>& tables)>;
  void tables(const std::string& name, std::string help, UseTables use);

  void argument(Option option, std::string& target);
  void argument(Option option, std::optional<std::string>& target);
  void argument(Option option, std::uint32_t& target);
  void argument(Option option, std::optional<std::uint32_t>& target);
  void argument(Option option, std::optional<std::chrono::milliseconds>& target);
  /// Values are separated by commas, or the flag is given several times.
  void argument(Option option, std::vector<std::string>& target);
  /// As above, where "not given" and "given, but empty" (`--exclude ''`) differ.
  void argument(Option option, std::optional<std::vector<std::string>>& target);
  void argument(Option option, bool& target);
  void position(Option option, std::string& target);
  /// One or more values; if not required, also none.
  void position(Option option, std::vector<std::string>& target);

  /// Runs when all targets are set, and nothing is wrong so far. What it throws (InvalidInput,
  /// ConfigurationError) is a usage error.
  void check(std::function<void()> validate);
  /// The same of one setting, whatever is wrong with others. The sentence begins with where its value came
  /// from.
  void check(const std::string& setting, std::function<void()> validate);

  /// Adds --check-config, --print-config and --print-config-reference, after which parse() ends the program.
  void offer_inspection();
  /// What --check-config finds out beside all that a start does.
  struct Examination {
    Mistakes mistakes = {};
    std::vector<std::string> unchecked = {};  ///< what could not be looked at, and why
  };
  void examine(std::function<void(Examination&)> examination);

  /// Adds a command, to the program or to one of its commands. Once there is one, exactly one has to be
  /// given. The reference stays valid.
  CommandLine& command(std::string name, std::string summary, std::string example);
  /// The command that was given, e.g. `status` or `failed list`; empty for a program without commands.
  [[nodiscard]] std::string given_command() const;

  /// Sets all targets and returns nullopt: go on. Otherwise the program is to end with the returned code:
  /// what was asked for (--help, for example) has been printed, or all that is wrong, a sentence each.
  /// `arguments` does not include the program.
  std::optional<ExitCode> parse(const std::vector<std::string>& arguments, Terminal terminal,
                                const Environment& environment);
  std::optional<ExitCode> parse(int argc, const char* const* argv, Terminal terminal);

  /// For the completion script: what can be typed.
  struct Flag {
    std::string name;  ///< with its dashes
    std::vector<std::string> choices;
  };
  [[nodiscard]] std::vector<std::string> command_names() const;  ///< one level
  [[nodiscard]] std::vector<Flag> flags() const;
  [[nodiscard]] const CommandLine& command(const std::string& name) const;

 private:
  struct Impl;
  explicit CommandLine(std::unique_ptr<Impl> impl);
  [[nodiscard]] const CommandLine& innermost() const;  // of the commands given, or this
  ExitCode refuse(const Terminal& terminal, const std::vector<std::string>& sentences) const;
  [[nodiscard]] std::string unexpected(const std::string& argument) const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailboat
