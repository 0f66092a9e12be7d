#include "common/config_file.hpp"

#include <cerrno>
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

}  // namespace

ConfigEntries read_config_file(const std::string& path) {
  ConfigEntries entries;
  try {
    const toml::table table = toml::parse(read_file(path), path);
    for (const auto& [key, node] : table) entries.emplace(std::string(key.str()), texts(node));
  } catch (const toml::parse_error& error) {
    throw ConfigurationError(path + ", line " + std::to_string(error.source().begin.line) + ": " +
                             std::string(error.description()));
  }
  return entries;
}

}  // namespace mailboat
