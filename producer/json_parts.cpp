#include "producer/json_parts.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/error.hpp"

namespace mailboat::producer {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view scalars = "+-.0123456789Eaeflnrstu";  // numbers, true, false, null

[[noreturn]] void refuse() { throw InvalidInput("a payload in the log is not valid JSON"); }

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

unsigned hex_code(std::string_view digits) {
  unsigned code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() != 4 || error != std::errc() || end != digits.data() + digits.size()) refuse();
  return code;
}

// `at` is behind the \u of an escape; left behind its digits. Of half a pair nothing is made that could be a
// name.
void append_code(std::string& text, std::string_view raw, std::size_t& at) {
  auto code = hex_code(raw.substr(at, 4));
  at += 4;
  if (code >= 0xD800 && code < 0xDC00 && raw.substr(at, 2) == "\\u") {
    code = 0x10000 + ((code - 0xD800) << 10) + ((hex_code(raw.substr(at + 2, 4)) - 0xDC00) & 0x3FF);
    at += 6;
  }
  append_utf8(text, code);
}

char plain(char escape) {
  switch (escape) {
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
    default:
      return escape;
  }
}

std::string unescaped(std::string_view raw) {
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    const char c = raw[at++];
    if (c != '\\') {
      text += c;
    } else if (at == raw.size()) {
      refuse();
    } else if (raw[at++] == 'u') {
      append_code(text, raw, at);
    } else {
      text += plain(raw[at - 1]);
    }
  }
  return text;
}

// `quoted`: a JSON string with its quotes.
bool is_among(const Names& names, std::string_view quoted) {
  const auto raw = quoted.substr(1, quoted.size() - 2);
  return raw.find('\\') == std::string_view::npos ? names.contains(raw) : names.contains(unescaped(raw));
}

/// Walks through one object or array and gives out its parts as they stand there.
class Parts {
 public:
  explicit Parts(std::string_view json) : json_(json) {
    skip_blanks();
    if (at_ == json_.size()) refuse();
    ++at_;  // the bracket
  }

  /// False at the end. Otherwise to be followed by value(), in an object by key() and value().
  bool next() {
    skip_blanks();
    if (peek() == '}' || peek() == ']') return false;
    if (!std::exchange(is_first_, false) && json_[at_++] != ',') refuse();
    skip_blanks();
    return true;
  }
  std::string_view key() {
    const auto key = value();
    if (key.size() < 2 || key.front() != '"') refuse();
    skip_blanks();
    if (peek() != ':') refuse();
    ++at_;
    return key;
  }
  std::string_view value() {
    skip_blanks();
    const auto start = at_;
    const char first = peek();
    if (first == '"') {
      skip_string();
    } else if (first == '{' || first == '[') {
      skip_nested();
    } else {
      at_ = std::min(json_.find_first_not_of(scalars, at_), json_.size());
      if (at_ == start) refuse();
    }
    return json_.substr(start, at_ - start);
  }
  /// Where the next part or the end begins. Blanks before it may be of the last value, which is JSON itself.
  std::size_t end_of_part() {
    skip_blanks();
    return at_;
  }

 private:
  [[nodiscard]] char peek() const {
    if (at_ >= json_.size()) refuse();
    return json_[at_];
  }
  void skip_blanks() {
    while (at_ < json_.size() && blanks.find(json_[at_]) != std::string_view::npos) ++at_;
  }
  // To the next quote that is not escaped, that is, before which the backslashes are even in number.
  void skip_string() {
    const auto start = at_ + 1;
    std::size_t backslashes = 0;
    for (at_ = start; true; ++at_) {
      at_ = json_.find('"', at_);
      if (at_ == std::string_view::npos) refuse();
      for (backslashes = 0; at_ - backslashes > start && json_[at_ - backslashes - 1] == '\\';) ++backslashes;
      if (backslashes % 2 == 0) break;
    }
    ++at_;
  }
  void skip_nested() {
    int depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
  }

  const std::string_view json_;
  std::size_t at_ = 0;
  bool is_first_ = true;
};

bool is_object(std::string_view json) {
  const auto first = json.find_first_not_of(blanks);
  return first != std::string_view::npos && json[first] == '{';
}

void append_part(std::string& text, std::string_view part) {
  if (text.size() > 1) text += ',';
  text += part;
}

std::string_view name_of(std::string_view column) {
  static const Names name{"name"};
  for (Parts members(column); members.next();) {
    const auto key = members.key();
    const auto value = members.value();
    if (is_among(name, key) && value.front() == '"') return value;
  }
  refuse();
}

std::string only_named(std::string_view columns, const Names& names) {
  std::string kept = "[";
  for (Parts parts(columns); parts.next();) {
    const auto column = parts.value();
    if (is_among(names, name_of(column))) append_part(kept, column);
  }
  return kept + "]";
}

}  // namespace

std::string only_members(std::string_view object, const Names& names) {
  std::string kept = "{";
  if (!is_object(object)) return kept + "}";
  kept.reserve(object.size());
  for (Parts members(object); members.next();) {
    const auto key = members.key();
    members.value();
    const auto start = static_cast<std::size_t>(key.data() - object.data());
    const auto member = object.substr(start, members.end_of_part() - start);
    if (is_among(names, key)) append_part(kept, member);
  }
  return kept += '}';
}

std::string only_columns(std::string_view description, const Names& names) {
  static const Names columns{"columns"};
  std::string kept = "{";
  for (Parts members(description); members.next();) {
    const auto key = members.key();
    const auto value = members.value();
    append_part(kept, key);
    kept += ':';
    kept += is_among(columns, key) ? only_named(value, names) : std::string(value);
  }
  return kept + "}";
}

}  // namespace mailboat::producer
