#pragma once

#include <map>
#include <set>
#include <string>

#include "common/config_file.hpp"

namespace mailboat::producer {

/// Which consumers, known by their public keys, may take which subscriptions. docs/security.md is the manual.
class AllowList {
 public:
  struct Consumer {
    std::string name;  ///< for the log; empty: none was given
    std::set<std::string> subscriptions;
    bool takes_all = false;
  };

  /// False when the key is there already.
  bool add(const std::string& key, Consumer consumer) {
    return consumers_.emplace(key, std::move(consumer)).second;
  }

  [[nodiscard]] std::size_t size() const { return consumers_.size(); }
  [[nodiscard]] bool knows(const std::string& key) const { return consumers_.contains(key); }
  [[nodiscard]] bool may_take(const std::string& key, const std::string& subscription) const;
  /// How the consumer is called in the log: its name, or else the key.
  [[nodiscard]] std::string name_of(const std::string& key) const;

 private:
  std::map<std::string, Consumer> consumers_;  // by their public keys
};

/// Throws ConfigurationError for the first mistake: file, line, number of the entry, key, and what to do.
/// Pure.
AllowList parse_allow_list(const std::string& path, const ConfigFile& file);

/// Throws it also when the file cannot be read.
AllowList read_allow_list(const std::string& path);

}  // namespace mailboat::producer
