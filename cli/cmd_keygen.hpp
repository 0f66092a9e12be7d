#pragma once

#include <memory>

#include "cli/command.hpp"

namespace mailboat::cli {

std::unique_ptr<Command> make_keygen();

}  // namespace mailboat::cli
