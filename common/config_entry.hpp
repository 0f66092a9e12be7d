#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/config_file.hpp"

namespace mailboat {

/// Reads one of the `[[name]]` of a configuration file, and says what is wrong with it: where, in which of
/// them, and with which key. What is given must outlive it.
class ConfigEntry {
 public:
  /// `number`: its place among those of the same `name`, from 1.
  ConfigEntry(const std::string& file, std::string name, std::size_t number, const ConfigTable& table);

  /// From now on sentences tell it by that, too: `source 2 (eu)`.
  void call(const std::string& title);

  /// Throws ConfigurationError: `consumer.toml, line 12: source 2 (eu): KEY: SENTENCE`.
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const;
  /// For a key that is none of `known`. `advice` ends the sentence.
  void refuse_unknown_keys(const std::vector<std::string>& known, const std::string& advice) const;

  /// nullptr when it is not there.
  [[nodiscard]] const ConfigValue* find(const std::string& key) const { return table_.find(key); }
  /// A text that has to be there and is not empty; `remedy` says what to give.
  [[nodiscard]] std::string text(const std::string& key, const std::string& remedy) const;

 private:
  const std::string& file_;
  std::string what_;
  const ConfigTable& table_;
};

}  // namespace mailboat
