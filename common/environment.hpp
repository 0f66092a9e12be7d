#pragma once

#include <functional>
#include <optional>
#include <string>

namespace mailboat {

/// An environment variable by name; nullopt when it is not set. Tests pass their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// poll-interval-max -> MAILBOAT_POLL_INTERVAL_MAX
std::string variable_of_option(const std::string& name);

/// poll-interval-max -> poll_interval_max
std::string file_key_of_option(std::string name);

}  // namespace mailboat
