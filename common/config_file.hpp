#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mailboat {

/// Top-level keys of a TOML file. Numbers and booleans come as their text; a list as one text for each entry;
/// nullopt stands for what an option cannot be: a table, a date, a list of lists.
using ConfigEntries = std::map<std::string, std::optional<std::vector<std::string>>>;

/// A table within a table: texts by their names; nullopt for what is not a text.
using ConfigTexts = std::map<std::string, std::optional<std::string>>;
/// A value within a `[[table]]`: a text, true or false, a list of texts, a table, or (monostate) anything
/// else.
using ConfigValue = std::variant<std::monostate, std::string, bool, std::vector<std::string>, ConfigTexts>;

/// One `[[name]]` of a file, and where its lines are.
struct ConfigTable {
  std::map<std::string, ConfigValue> values;  ///< by their keys
  std::size_t line = 0;                       ///< of `[[name]]`; 0: of no file
  /// Of each key; those of a table within as `table.key`.
  std::map<std::string, std::size_t> lines = {};

  /// nullptr when there is no such key.
  [[nodiscard]] const ConfigValue* find(const std::string& key) const;
  /// The line of `key` (`columns`, `columns.user_id`), of the table around it when there is no such key.
  [[nodiscard]] std::size_t line_of(const std::string& key) const;
};

struct ConfigFile {
  ConfigEntries entries;
  std::map<std::string, std::size_t> lines = {};  ///< of the entries
  /// The lists of tables, `[[name]]`, in the file's order. Their names stand among the entries, too.
  std::map<std::string, std::vector<ConfigTable>> tables;
};

/// Throws ConfigurationError, naming the file and for a syntax error the line, when it cannot be read.
ConfigFile read_config_file(const std::string& path);

/// The same of a text; `path` is for the error message.
ConfigFile parse_config(std::string_view text, const std::string& path);

/// How a sentence about a line of a file begins: `consumer.toml, line 12`.
std::string place_in(const std::string& path, std::size_t line);

}  // namespace mailboat
