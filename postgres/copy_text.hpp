#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Lines as COPY writes them in its text format. Source: PostgreSQL manual, COPY, "Text Format".
namespace mailboat::postgres {

/// Takes the first field off the line: its text, still escaped, or nothing for NULL. Call once for each
/// column. Pure.
std::optional<std::string_view> next_field(std::string_view& line);

/// What the server has printed: the field without its escapes. Pure.
std::string unescaped(std::string_view field);

}  // namespace mailboat::postgres
