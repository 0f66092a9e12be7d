#include "common/config_file.hpp"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <system_error>
#include <toml++/toml.h>

#include "common/error.hpp"

namespace mailboat {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  errno = 0;
  if (!file || !(content << file.rdbuf()) || file.bad()) {
    // An empty file also ends up here, for it puts nothing into `content`.
    if (file.is_open() && errno == 0) return {};
    const auto reason = std::generic_category().message(errno != 0 ? errno : ENOENT);
    throw ConfigurationError("cannot read the configuration file " + path + ": " + reason);
  }
  return content.str();
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  return std::nullopt;
}

std::optional<std::vector<std::string>> texts(const toml::node& node) {
  std::vector<std::string> list;
  if (const auto* array = node.as_array()) {
    for (const auto& entry : *array) {
      auto text = scalar_text(entry);
      if (!text) return std::nullopt;
      list.push_back(std::move(*text));
    }
    return list;
  }
  auto text = scalar_text(node);
  if (!text) return std::nullopt;
  list.push_back(std::move(*text));
  return list;
}

std::optional<std::vector<std::string>> pure_texts(const toml::array& array) {
  std::vector<std::string> list;
  for (const auto& entry : array) {
    auto text = entry.value_exact<std::string>();
    if (!text) return std::nullopt;
    list.push_back(std::move(*text));
  }
  return list;
}

ConfigTexts table_of_texts(const toml::table& table) {
  ConfigTexts result;
  for (const auto& [key, node] : table) {
    result.emplace(std::string(key.str()), node.value_exact<std::string>());
  }
  return result;
}

ConfigValue config_value(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *std::move(text);
  if (const auto flag = node.value_exact<bool>()) return *flag;
  if (const auto* table = node.as_table()) return table_of_texts(*table);
  if (const auto* array = node.as_array()) {
    if (auto list = pure_texts(*array)) return *std::move(list);
  }
  return std::monostate();
}

void note_lines(ConfigTable& result, const std::string& prefix, const toml::table& table) {
  for (const auto& [key, node] : table) {
    result.lines.emplace(prefix + std::string(key.str()), key.source().begin.line);
  }
}

ConfigTable config_table(const toml::table& table) {
  ConfigTable result;
  result.line = table.source().begin.line;
  note_lines(result, "", table);
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    result.values.emplace(name, config_value(node));
    if (const auto* inner = node.as_table()) note_lines(result, name + '.', *inner);
  }
  return result;
}

std::vector<ConfigTable> list_of_tables(const toml::array& array) {
  std::vector<ConfigTable> tables;
  for (const auto& entry : array) tables.push_back(config_table(*entry.as_table()));
  return tables;
}

}  // namespace

const ConfigValue* ConfigTable::find(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? nullptr : &found->second;
}

std::size_t ConfigTable::line_of(const std::string& key) const {
  for (const auto& name : {key, key.substr(0, key.find('.'))}) {
    if (const auto found = lines.find(name); found != lines.end()) return found->second;
  }
  return line;
}

std::string place_in(const std::string& path, std::size_t line) {
  return path + ", line " + std::to_string(line);
}

ConfigFile parse_config(std::string_view text, const std::string& path) {
  ConfigFile file;
  try {
    const toml::table content = toml::parse(text, path);
    for (const auto& [key, node] : content) {
      const std::string name(key.str());
      file.entries.emplace(name, texts(node));
      file.lines.emplace(name, key.source().begin.line);
      const auto* array = node.as_array();
      if (array != nullptr && array->is_array_of_tables()) file.tables.emplace(name, list_of_tables(*array));
    }
  } catch (const toml::parse_error& error) {
    throw ConfigurationError(place_in(path, error.source().begin.line) + ": " +
                             std::string(error.description()));
  }
  return file;
}

ConfigFile read_config_file(const std::string& path) { return parse_config(read_file(path), path); }

}  // namespace mailboat
