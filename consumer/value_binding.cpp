#include "consumer/value_binding.hpp"

#include <array>
#include <charconv>

#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

void append_number(std::string& text, auto number) {
  std::array<char, 32> digits{};
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_quoted(std::string& text, std::string_view value) {
  text += '\'';
  for (const char c : value) {
    if (c == '\'') text += '\'';
    text += c;
  }
  text += '\'';
}

std::string hex_digits(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) {
    constexpr std::string_view hex = "0123456789abcdef";
    digits += hex[static_cast<unsigned char>(byte) >> 4];
    digits += hex[static_cast<unsigned char>(byte) & 15];
  }
  return digits;
}

void append_literal(std::string& text, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      text += "NULL";
      return;
    case Value::Kind::Integer:
      return append_number(text, value.integer);
    case Value::Kind::Real:
      return append_number(text, value.real);
    case Value::Kind::Blob:
      text += 'x';
      [[fallthrough]];
    case Value::Kind::Text:
      append_quoted(text, value.text);
  }
}

}  // namespace

void bind(SQLite::Statement& statement, int index, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      statement.bind(index);
      return;
    case Value::Kind::Integer:
      statement.bind(index, value.integer);
      return;
    case Value::Kind::Real:
      statement.bind(index, value.real);
      return;
    case Value::Kind::Text:
      statement.bind(index, std::string(value.text));
      return;
    case Value::Kind::Blob:
      statement.bindNoCopy(index, static_cast<const void*>(value.text.data()),
                           static_cast<int>(value.text.size()));
      return;
  }
}

int bind(SQLite::Statement& statement, const std::vector<Value>& values) {
  int index = 1;
  for (const auto& value : values) bind(statement, index++, value);
  return index;
}

std::string key_text(const std::vector<Value>& values) {
  std::string text;
  for (const auto& value : values) {
    if (!text.empty()) text += ',';
    append_literal(text, value);
  }
  return text;
}

std::string key_condition_of(const std::vector<std::string>& names, const std::vector<Value>& values) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += " AND ";
    text += quote(names[i]) + " = ";
    if (values[i].kind == Value::Kind::Blob) {
      text += "x'" + hex_digits(values[i].text) + '\'';
    } else {
      append_literal(text, values[i]);
    }
  }
  return text;
}

}  // namespace mailboat::consumer
