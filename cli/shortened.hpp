#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailboat::cli {

/// `text` as printable() has it, with white space made single spaces, and cut to at most `width` characters.
std::string shortened(std::string_view text, std::size_t width);

}  // namespace mailboat::cli
