#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailboat::producer {

/// Text that came from a consumer, made fit for PostgreSQL and for an operator's terminal: what is not UTF-8
/// and every control character (NUL, line ends, escape, see is_control()) becomes a `?`, and what goes beyond
/// `limit` bytes is cut off between two characters. Pure.
std::string outside_text(std::string_view text, std::size_t limit);

}  // namespace mailboat::producer
