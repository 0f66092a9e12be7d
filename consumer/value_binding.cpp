#include "consumer/value_binding.hpp"

#include <array>
#include <charconv>
#include <sqlite3.h>

#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

void append_literal(std::string& text, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      text += "NULL";
      return;
    case Value::Kind::Integer:
      text += std::to_string(value.integer);
      return;
    case Value::Kind::Real: {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.real).ptr;
      text.append(digits.data(), end);
      return;
    }
    case Value::Kind::Blob:
      text += 'x';
      [[fallthrough]];
    case Value::Kind::Text:
      text += '\'';
      for (const char c : value.text) {
        if (c == '\'') text += '\'';
        text += c;
      }
      text += '\'';
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
      statement.bindNoCopy(index, value.text);
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

namespace {

Value with_hex_digits(Value value) {
  if (value.kind != Value::Kind::Blob) return value;
  std::string digits;
  for (const char byte : value.text) {
    constexpr std::string_view hex = "0123456789abcdef";
    digits += hex[static_cast<unsigned char>(byte) >> 4];
    digits += hex[static_cast<unsigned char>(byte) & 15];
  }
  value.text = std::move(digits);
  return value;
}

}  // namespace

std::string key_condition_of(const std::vector<std::string>& names, const std::vector<Value>& values) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += " AND ";
    text += quote(names[i]) + " = ";
    append_literal(text, with_hex_digits(values[i]));
  }
  return text;
}

Value value_of(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER:
      return {Value::Kind::Integer, column.getInt64(), 0, ""};
    case SQLITE_FLOAT:
      return {Value::Kind::Real, 0, column.getDouble(), ""};
    case SQLITE_TEXT:
      return {Value::Kind::Text, 0, 0, column.getString()};
    case SQLITE_BLOB:
      return {Value::Kind::Blob, 0, 0, column.getString()};
    default:
      return {};
  }
}

}  // namespace mailboat::consumer
