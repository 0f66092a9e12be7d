#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailboat {

/// One character of UTF-8 text, or one byte that is none.
struct Character {
  std::string_view bytes;
  std::optional<char32_t> code;  ///< nullopt: not UTF-8
};

/// The character that `text` begins with; `text` must not be empty.
Character first_character(std::string_view text);

/// True for what a terminal would obey instead of showing: control characters, and those that turn the
/// direction of text around.
bool is_control(char32_t code);

/// `\u001b`
std::string escaped(char32_t code);

/// `text` with the escape sequences of JSON for control characters, and for U+FFFD in place of what is not
/// UTF-8.
std::string with_visible_controls(std::string_view text);

/// `text` on one line, every character visible: errors and payloads come from outside, and must not be able
/// to clear a screen or to forge a line. Newline and tab become `\n` and `\t`, a stray byte `\xNN`.
std::string printable(std::string_view text);

/// `text` as a string of JSON, which is one of TOML, too, quotes included. Whatever bytes it holds: control
/// characters are escaped, and what is not UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace mailboat
