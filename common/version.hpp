#pragma once

#include <string_view>

namespace mailboat {

/// The release this binary was built from, e.g. `0.1.0`.
std::string_view version();

}  // namespace mailboat
