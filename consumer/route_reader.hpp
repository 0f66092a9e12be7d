#pragma once

#include <cstddef>
#include <string>

#include "common/config_file.hpp"
#include "consumer/route.hpp"

namespace mailboat::consumer {

/// Reads the `number`-th [[route]] of `file`, by itself: whether it goes with the others is not looked at.
/// Pure. Throws ConfigurationError with place, key and remedy.
[[nodiscard]] Route read_route(const std::string& file, std::size_t number, const ConfigTable& table);

}  // namespace mailboat::consumer
