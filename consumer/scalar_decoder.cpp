#include "consumer/scalar_decoder.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "common/error.hpp"
#include "consumer/json_number.hpp"

namespace mailboat::consumer {
namespace {

// Of a value, in an error's text.
constexpr std::size_t shown_characters = 80;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// '\xdeadbeef', as bytea_output = hex prints it.
std::string_view decode_hex(std::string_view text, TextArena& made) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) throw InvalidInput("not a bytea value in hex form");
  const auto size = text.size() / 2 - 1;
  auto* const bytes = made.allocate(size);
  for (std::size_t i = 0; i < size; ++i) {
    const int high = hex_digit(text[2 * i + 2]);
    const int low = hex_digit(text[2 * i + 3]);
    if (high < 0 || low < 0) throw InvalidInput("not a bytea value in hex form");
    bytes[i] = static_cast<char>(high * 16 + low);
  }
  return {bytes, size};
}

// PostgreSQL writes timestamps into JSON as '2020-04-13T05:01:31.5', with '+00:00' behind it when there is a
// zone (ours is UTC), and possibly ' BC' at the very end. 'infinity' has no 'T' after a digit and stays as it
// is.
std::string_view decode_timestamp(std::string_view text, bool with_zone, TextArena& made) {
  const auto separator = text.find('T');
  if (separator == std::string_view::npos) return text;
  constexpr std::string_view utc = "+00:00";
  const auto zone = with_zone ? text.find(utc, separator) : text.size();
  if (zone == std::string_view::npos)
    throw InvalidInput("not a timestamp in UTC: " + std::string(text.substr(0, shown_characters)));
  auto* const begin = made.allocate(text.size());
  auto* end = std::copy_n(text.data(), zone, begin);
  begin[separator] = ' ';
  if (with_zone) {
    *end++ = 'Z';
    end = std::copy(text.begin() + static_cast<std::ptrdiff_t>(zone + utc.size()), text.end(), end);
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool decode_integer(std::string_view token, Value& value) {
  value.kind = Value::Kind::Integer;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value.integer);
  return error == std::errc{} && end == token.data() + token.size();
}

void require_integer(std::string_view token, Value& value) {
  if (decode_integer(token, value)) return;
  throw InvalidInput("not a 64-bit integer: " + std::string(token.substr(0, shown_characters)));
}

bool decode_real(std::string_view token, Value& value) {
  value.kind = Value::Kind::Real;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value.real);
  return error == std::errc{} && end == token.data() + token.size();
}

void require_real(std::string_view token, Value& value) {
  if (decode_real(token, value)) return;
  throw InvalidInput("not a double precision number: " + std::string(token.substr(0, shown_characters)));
}

void decode_any_number(std::string_view token, Value& value) {
  if (decode_integer(token, value)) return;
  const auto real = exact_double(token);
  if (!real) return decode_text(token, value);
  value.kind = Value::Kind::Real;
  value.real = *real;
}

// What SQLite's NUMERIC makes of the text, but a number already as a parameter of an expression.
void decode_numeric(std::string_view token, Value& value) {
  token = without_fraction_zeros(token);
  if (decode_integer(token, value)) return;
  if (is_short_decimal(token) && decode_real(token, value)) return;
  decode_any_number(token, value);
}

}  // namespace

void decode_text(std::string_view text, Value& value) {
  value.kind = Value::Kind::Text;
  value.text = text;
}

void decode_string(std::string_view text, Form form, Value& value, TextArena& made) {
  switch (form) {
    case Form::Integer:  // PostgreSQL writes an oid like that
      return require_integer(text, value);
    case Form::Blob:
      value.text = decode_hex(text, made);
      value.kind = Value::Kind::Blob;
      return;
    case Form::Timestamp:
    case Form::TimestampWithZone:
      return decode_text(decode_timestamp(text, form == Form::TimestampWithZone, made), value);
    default:
      decode_text(text, value);
  }
}

void decode_number(std::string_view token, Form form, Value& value) {
  switch (form) {
    case Form::Integer:
      return require_integer(token, value);
    case Form::Real:
      return require_real(token, value);
    case Form::Numeric:
      return decode_numeric(token, value);
    case Form::Any:
      return decode_any_number(token, value);
    default:
      decode_text(token, value);
  }
}

}  // namespace mailboat::consumer
