#include "producer/outside_text.hpp"

#include <cstdint>

namespace mailboat::producer {
namespace {

constexpr std::uint32_t no_character = 0xFFFFFFFF;

struct Character {
  std::uint32_t code = no_character;
  std::size_t bytes = 1;
};

struct Form {
  std::uint32_t lead;       // the first byte's fixed bits ...
  std::uint32_t lead_mask;  // ... and which these are
  std::size_t bytes;
  std::uint32_t lowest;  // anything below is to be written shorter
};
// Source: RFC 3629, 3.
constexpr Form forms[] = {
    {0x00, 0x80, 1, 0}, {0xC0, 0xE0, 2, 0x80}, {0xE0, 0xF0, 3, 0x800}, {0xF0, 0xF8, 4, 0x10000}};

bool is_unicode(std::uint32_t code) { return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// The first character of a text that is not empty; a byte that begins none is taken alone.
Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  for (const auto& form : forms) {
    if ((byte(0) & form.lead_mask) != form.lead) continue;
    if (text.size() < form.bytes) break;
    auto code = byte(0) & ~form.lead_mask;
    for (std::size_t i = 1; i < form.bytes; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return {};
      code = code << 6 | (byte(i) & 0x3F);
    }
    if (code < form.lowest || !is_unicode(code)) break;
    return {code, form.bytes};
  }
  return {};
}

}  // namespace

std::string outside_text(std::string_view text, std::size_t limit) {
  std::string fit;
  while (!text.empty()) {
    const auto character = first_character(text);
    const bool usable = character.code != no_character && !is_control(character.code);
    const auto piece = usable ? text.substr(0, character.bytes) : std::string_view("?");
    if (fit.size() + piece.size() > limit) break;
    fit += piece;
    text.remove_prefix(character.bytes);
  }
  return fit;
}

}  // namespace mailboat::producer
