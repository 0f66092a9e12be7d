#include "consumer/plain_json.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace mailboat::consumer {
namespace {

constexpr std::uint64_t each(unsigned char byte) { return 0x0101010101010101ULL * byte; }

// The highest bit of each byte that is less than `limit`, at least of the lowest such byte: what is carried
// over from it may set those of higher ones. `limit` is 128 at most.
// Source: S. E. Anderson, "Bit Twiddling Hacks", "Determine if a word has a byte less than n".
constexpr std::uint64_t less(std::uint64_t word, unsigned char limit) {
  return (word - each(limit)) & ~word & each(0x80);
}

constexpr std::uint64_t equal(std::uint64_t word, unsigned char byte) { return less(word ^ each(byte), 1); }

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

// The first quote, backslash or control character, or some place from `end` on. Eight bytes at a time.
const char* first_special(const char* begin, const char* end) {
  if constexpr (std::endian::native != std::endian::little) return std::find_if(begin, end, is_special);
  for (; begin < end; begin += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, begin, sizeof word);
    const auto found = equal(word, '"') | equal(word, '\\') | less(word, 0x20);
    if (found != 0) return begin + std::countr_zero(found) / 8;
  }
  return end;
}

bool begins_number(char c) { return (c >= '0' && c <= '9') || c == '-'; }
bool is_of_number(char c) { return begins_number(c) || c == '+' || c == '.' || c == 'e' || c == 'E'; }

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

bool PlainJson::skip(std::string_view expected) {
  if (!between(here_, end_).starts_with(expected)) return false;
  here_ += expected.size();
  return true;
}

PlainJson::Scalar PlainJson::scalar() {
  if (at_end()) return {};
  switch (*here_) {
    case '"':
      return string();
    case 'n':
      return literal(Kind::Null, "null");
    case 't':
      return literal(Kind::True, "true");
    case 'f':
      return literal(Kind::False, "false");
    default:
      return number();
  }
}

PlainJson::Scalar PlainJson::literal(Kind kind, std::string_view text) {
  return skip(text) ? Scalar{kind, text} : Scalar{};
}

PlainJson::Scalar PlainJson::string() {
  const auto* const begin = here_ + 1;
  const auto* const found = first_special(begin, end_);
  if (found >= end_ || *found != '"') return {};
  here_ = found + 1;
  return {Kind::String, between(begin, found)};
}

PlainJson::Scalar PlainJson::number() {
  const auto* const begin = here_;
  if (!begins_number(*begin)) return {};
  here_ = std::find_if_not(begin, end_, is_of_number);
  return {Kind::Number, between(begin, here_)};
}

}  // namespace mailboat::consumer
