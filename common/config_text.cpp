#include "common/config_text.hpp"

#include <algorithm>
#include <vector>

#include "common/characters.hpp"

namespace mailboat {
namespace {

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ", ") + json_string(text);
  return '[' + list + ']';
}

// Source: TOML 1.0, "Keys".
std::string key_of(const std::string& name) {
  constexpr auto bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return name.empty() || name.find_first_not_of(bare) != std::string::npos ? json_string(name) : name;
}

template <typename Values>
std::vector<std::string> in_file_order(const Values& values, const ConfigTable& table,
                                       const std::string& before) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  std::stable_sort(names.begin(), names.end(), [&](const std::string& one, const std::string& other) {
    return table.line_of(before + one) < table.line_of(before + other);
  });
  return names;
}

// Everything but tables, which have to come last.
std::string plain_value(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json_string(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return list_of(*list);
  return {};
}

std::string inner_table(const std::string& header, const std::string& name, const ConfigTexts& texts,
                        const ConfigTable& table) {
  std::string out = '[' + header + '.' + key_of(name) + "]\n";
  for (const auto& key : in_file_order(texts, table, name + '.')) {
    if (const auto& text = texts.at(key)) out += key_of(key) + " = " + json_string(*text) + '\n';
  }
  return out;
}

}  // namespace

std::string toml_of(const FileValue& value, const std::function<std::string(const std::string&)>& mask) {
  auto texts = value.texts;
  if (mask) std::transform(texts.begin(), texts.end(), texts.begin(), mask);
  if (value.form == FileValue::Form::List) return list_of(texts);
  return value.form == FileValue::Form::Bare ? texts.front() : json_string(texts.front());
}

std::string toml_of(const std::string& name, const ConfigTable& table, const std::string& path) {
  auto out = "[[" + key_of(name) + "]]  # " + place_in(path, table.line) + '\n';
  std::string inner;
  for (const auto& key : in_file_order(table.values, table, "")) {
    const auto& value = table.values.at(key);
    if (const auto* texts = std::get_if<ConfigTexts>(&value)) {
      inner += inner_table(key_of(name), key, *texts, table);
    } else {
      out += key_of(key) + " = " + plain_value(value) + '\n';
    }
  }
  return out + inner;
}

}  // namespace mailboat
