#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailboat {

/// The variables that a program was started with. Tests make their own.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}

  /// nullopt when there is no such variable.
  [[nodiscard]] std::optional<std::string> operator()(const std::string& name) const;
  /// Those that begin with MAILBOAT_ and are not empty.
  [[nodiscard]] std::vector<std::string> own_names() const;

 private:
  std::map<std::string, std::string> variables_;
};

Environment process_environment();

/// poll-interval-max -> MAILBOAT_POLL_INTERVAL_MAX
std::string variable_of_option(const std::string& name);

/// poll-interval-max -> poll_interval_max
std::string file_key_of_option(std::string name);

}  // namespace mailboat
