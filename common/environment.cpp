#include "common/environment.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace mailboat {

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::string variable_of_option(const std::string& name) {
  auto text = "MAILBOAT_" + file_key_of_option(name);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string file_key_of_option(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace mailboat
