#include "postgres/copy_text.hpp"

namespace mailboat::postgres {
namespace {

char meant_by(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return letter;
  }
}

}  // namespace

std::optional<std::string_view> next_field(std::string_view& line) {
  const auto tab = line.find('\t');
  const auto field = line.substr(0, tab);
  line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
  if (field == "\\N") return std::nullopt;
  return field;
}

std::string unescaped(std::string_view field) {
  std::string text;
  text.reserve(field.size());
  while (!field.empty()) {
    const auto backslash = field.find('\\');
    text += field.substr(0, backslash);
    if (backslash == std::string_view::npos || backslash + 1 == field.size()) break;
    text += meant_by(field[backslash + 1]);
    field.remove_prefix(backslash + 2);
  }
  return text;
}

}  // namespace mailboat::postgres
