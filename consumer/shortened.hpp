#pragma once

#include <cstddef>
#include <string>

namespace mailboat::consumer {

/// A text of at most about `limit` bytes, cut between two characters of UTF-8. Pure.
inline std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  auto end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace mailboat::consumer
