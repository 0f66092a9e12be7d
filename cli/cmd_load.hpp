#pragma once

#include <memory>

#include "cli/command.hpp"

namespace mailboat::cli {

std::unique_ptr<Command> make_load();

}  // namespace mailboat::cli
