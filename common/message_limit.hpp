#pragma once

#include <string_view>

#include "common/byte_size.hpp"

namespace mailboat {

/// Throws InvalidInput, which ends with `why`, when a limit would keep messages away that there have to be.
void require_message_limit(ByteSize limit, std::string_view why);

}  // namespace mailboat
