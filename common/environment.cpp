#include "common/environment.hpp"

#include <algorithm>
#include <cctype>
#include <unistd.h>

namespace mailboat {
namespace {

const std::string own_prefix = "MAILBOAT_";

}  // namespace

std::optional<std::string> Environment::operator()(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Environment::own_names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : variables_) {
    if (name.starts_with(own_prefix) && !value.empty()) names.push_back(name);
  }
  return names;
}

Environment process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::string variable_of_option(const std::string& name) {
  auto text = own_prefix + file_key_of_option(name);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string file_key_of_option(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace mailboat
