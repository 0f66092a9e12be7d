#include "consumer/scalar_decoder.hpp"

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
void decode_hex(std::string_view text, std::string& out) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) throw InvalidInput("not a bytea value in hex form");
  out.clear();
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) throw InvalidInput("not a bytea value in hex form");
    out.push_back(static_cast<char>(high * 16 + low));
  }
}

// PostgreSQL writes timestamps into JSON as '2020-04-13T05:01:31.5', with '+00:00' behind it when there is a
// zone (ours is UTC), and possibly ' BC' at the very end. 'infinity' has no 'T' after a digit and stays as it
// is.
void decode_timestamp(std::string_view text, bool with_zone, std::string& out) {
  out.assign(text);
  const auto separator = out.find('T');
  if (separator == std::string::npos) return;
  out[separator] = ' ';
  if (!with_zone) return;
  const auto zone = out.find("+00:00", separator);
  if (zone == std::string::npos)
    throw InvalidInput("not a timestamp in UTC: " + std::string(text.substr(0, shown_characters)));
  out.replace(zone, 6, "Z");
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
  value.text.assign(text);
}

void decode_string(std::string_view text, Form form, Value& value) {
  switch (form) {
    case Form::Integer:  // PostgreSQL writes an oid like that
      return require_integer(text, value);
    case Form::Blob:
      value.kind = Value::Kind::Blob;
      decode_hex(text, value.text);
      return;
    case Form::Timestamp:
    case Form::TimestampWithZone:
      value.kind = Value::Kind::Text;
      decode_timestamp(text, form == Form::TimestampWithZone, value.text);
      return;
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
