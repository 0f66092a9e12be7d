#include "cli/parse_id.hpp"

#include <charconv>

#include "common/error.hpp"

namespace mailboat::cli {

std::int64_t parse_id(const std::string& text, const std::string& what) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size() && id >= 1) return id;
  throw InvalidInput("'" + text.substr(0, 80) + "' is not " + what + ": a whole number above zero");
}

}  // namespace mailboat::cli
