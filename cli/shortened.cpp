#include "cli/shortened.hpp"

#include "cli/sentence.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {

std::string shortened(std::string_view text, std::size_t width) {
  constexpr std::string_view ellipsis = "...";
  auto whole = printable(one_line(text));
  std::string_view rest = whole;
  std::size_t keep = 0;  // bytes that leave room for the ellipsis
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == width) return whole.substr(0, keep) + std::string(ellipsis.substr(0, width));
    const auto size = first_character(rest).bytes.size();
    if (count + ellipsis.size() < width) keep += size;
    rest.remove_prefix(size);
  }
  return whole;
}

}  // namespace mailboat::cli
