#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailboat {

/// Top-level keys of a TOML file. Numbers and booleans come as their text; a list as one text for each entry;
/// nullopt stands for what an option cannot be: a table, a date, a list of lists.
using ConfigEntries = std::map<std::string, std::optional<std::vector<std::string>>>;

/// Throws ConfigurationError, naming the file and for a syntax error the line, when it cannot be read.
ConfigEntries read_config_file(const std::string& path);

}  // namespace mailboat
