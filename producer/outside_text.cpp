#include "producer/outside_text.hpp"

#include "common/characters.hpp"

namespace mailboat::producer {

std::string outside_text(std::string_view text, std::size_t limit) {
  std::string fit;
  while (!text.empty()) {
    const auto character = first_character(text);
    const bool usable = character.code && !is_control(*character.code);
    const auto piece = usable ? character.bytes : std::string_view("?");
    if (fit.size() + piece.size() > limit) break;
    fit += piece;
    text.remove_prefix(character.bytes.size());
  }
  return fit;
}

}  // namespace mailboat::producer
