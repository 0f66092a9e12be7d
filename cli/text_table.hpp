#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace mailboat::cli {

/// How many characters UTF-8 text has.
std::size_t characters(std::string_view text);

/// Rows of text in aligned columns, two spaces apart; the first row is the heading. UTF-8 is counted by
/// character.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

/// `12,345`
std::string grouped(std::int64_t number);

/// For people: `0.3 s`, `42 s`, `5 min`, `3 h`, `2 d`.
std::string rough_duration(double seconds);

/// For people: `512 bytes`, `1.5 MiB`.
std::string rough_size(std::int64_t bytes);

}  // namespace mailboat::cli
