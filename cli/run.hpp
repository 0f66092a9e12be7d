#pragma once

#include <string>
#include <vector>

#include "common/command_line.hpp"

namespace mailboat::cli {

/// The whole program: parses, runs one command, prints to `terminal`. `arguments` does not include the
/// program.
ExitCode run(const std::vector<std::string>& arguments, Terminal terminal, const Environment& environment);

}  // namespace mailboat::cli
