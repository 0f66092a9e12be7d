#pragma once

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
/// A value within a `[[table]]`: a text, a list of texts, a table, or (monostate) anything else.
using ConfigValue = std::variant<std::monostate, std::string, std::vector<std::string>, ConfigTexts>;
using ConfigTable = std::map<std::string, ConfigValue>;

struct ConfigFile {
  ConfigEntries entries;
  /// The lists of tables, `[[name]]`, in the file's order. Their names stand among the entries, too.
  std::map<std::string, std::vector<ConfigTable>> tables;
};

/// Throws ConfigurationError, naming the file and for a syntax error the line, when it cannot be read.
ConfigFile read_config_file(const std::string& path);

/// The same of a text; `path` is for the error message.
ConfigFile parse_config(std::string_view text, const std::string& path);

}  // namespace mailboat
