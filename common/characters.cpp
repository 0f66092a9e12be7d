#include "common/characters.hpp"

#include <cstdio>

namespace mailboat {
namespace {

constexpr char32_t replacement = 0xFFFD;  // what Unicode has for a byte that is no character
constexpr char32_t last_code = 0x10FFFF;

// How many bytes a character has, by its first; 0 when none begins like that.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

// The same character has longer forms, which are not UTF-8. Source: RFC 3629, 3.
bool is_shortest(char32_t code, std::size_t length) {
  return length == 2 || (length == 3 ? code >= 0x800 : code >= 0x10000);
}

bool is_surrogate(char32_t code) { return code >= 0xD800 && code < 0xE000; }

std::string hex(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

Character first_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const auto length = length_of(first);
  const Character stray{text.substr(0, 1), std::nullopt};
  if (length == 0 || length > text.size()) return stray;
  if (length == 1) return {text.substr(0, 1), first};
  auto code = static_cast<char32_t>(first & (0xFFU >> (length + 1)));
  for (const char next : text.substr(1, length - 1)) {
    if ((static_cast<unsigned char>(next) & 0xC0U) != 0x80U) return stray;
    code = (code << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
  }
  return is_shortest(code, length) && !is_surrogate(code) && code <= last_code
             ? Character{text.substr(0, length), code}
             : stray;
}

// Source: Unicode, C0 and C1 controls; 2028 to 202E and 2066 to 2069 are line separators and the embeddings,
// overrides and isolates of the bidirectional algorithm.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escaped(char32_t code) { return hex("\\u%04x", static_cast<unsigned>(code)); }

std::string printable(std::string_view text) {
  std::string out;
  for (Character next; !text.empty(); text.remove_prefix(next.bytes.size())) {
    next = first_character(text);
    if (!next.code) {
      out += hex("\\x%02x", static_cast<unsigned char>(next.bytes.front()));
    } else if (*next.code == '\n' || *next.code == '\t') {
      out += *next.code == '\n' ? "\\n" : "\\t";
    } else {
      out += is_control(*next.code) ? escaped(*next.code) : std::string(next.bytes);
    }
  }
  return out;
}

std::string with_visible_controls(std::string_view text) {
  std::string out;
  for (Character next; !text.empty(); text.remove_prefix(next.bytes.size())) {
    next = first_character(text);
    const auto code = next.code.value_or(replacement);
    out += !next.code || is_control(code) ? escaped(code) : std::string(next.bytes);
  }
  return out;
}

// Source: RFC 8259, 7: quote, backslash and U+0000 to U+001F must be escaped. Other control characters are,
// so that JSON can be read on a terminal; all else goes through as it is.
std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return with_visible_controls(quoted + '"');
}

}  // namespace mailboat
