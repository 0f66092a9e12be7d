#include "common/config_entry.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/nearest_name.hpp"

namespace mailboat {

ConfigEntry::ConfigEntry(const std::string& file, std::string name, std::size_t number,
                         const ConfigTable& table)
    : file_(file), what_(std::move(name) + ' ' + std::to_string(number)), table_(table) {}

void ConfigEntry::call(const std::string& title) { what_ += " (" + title + ')'; }

void ConfigEntry::fail(const std::string& key, const std::string& sentence) const {
  throw ConfigurationError(place_in(file_, table_.line_of(key)) + ": " + what_ + ": " + key + ": " +
                           sentence);
}

void ConfigEntry::refuse_unknown_keys(const std::vector<std::string>& known,
                                      const std::string& advice) const {
  for (const auto& [key, value] : table_.values) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fail(key, "unknown key" + hint_for(key, known) + advice);
  }
}

std::string ConfigEntry::text(const std::string& key, const std::string& remedy) const {
  const auto* value = find(key);
  if (value == nullptr) fail(key, "is missing. " + remedy);
  const auto* given = std::get_if<std::string>(value);
  if (given == nullptr) fail(key, "expected a text. " + remedy);
  if (given->empty()) fail(key, "is empty. " + remedy);
  return *given;
}

}  // namespace mailboat
