#include "consumer/value_binding.hpp"

#include <array>
#include <charconv>

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

}  // namespace mailboat::consumer
