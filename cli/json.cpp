#include "cli/json.hpp"

#include <algorithm>
#include <cstdio>

#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

std::string new_line_at(int depth) { return '\n' + std::string(static_cast<std::size_t>(depth) * 2, ' '); }

// The text that `json` begins with, quotes included; what is escaped stays escaped.
std::size_t end_of_text(std::string_view json) {
  std::size_t end = 1;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return std::min(end + 1, json.size());
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

std::string indented_json(std::string_view json, int depth) {
  std::string out;
  for (json = without_leading_space(json); !json.empty(); json = without_leading_space(json)) {
    const char c = json.front();
    const std::size_t size = c == '"' ? end_of_text(json) : 1;
    const auto rest = without_leading_space(json.substr(size));
    const bool opens = c == '{' || c == '[';
    const bool is_empty = opens && !rest.empty() && (rest.front() == '}' || rest.front() == ']');
    if ((c == '}' || c == ']') && !out.ends_with('{') && !out.ends_with('[')) out += new_line_at(--depth);
    out += c == '"' ? with_visible_controls(json.substr(0, size)) : std::string(1, c);
    if (c == ':') out += ' ';
    if (opens && !is_empty) out += new_line_at(++depth);
    if (c == ',') out += new_line_at(depth);
    json.remove_prefix(size);
  }
  return out;
}

void JsonWriter::new_line() { text_ += new_line_at(depth_); }

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) text_ += ',';
  first_ = false;
  if (depth_ > 0) new_line();
}

JsonWriter& JsonWriter::begin(char bracket) {
  separate();
  text_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  --depth_;
  if (!first_) new_line();
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  text_ += json_string(name) + ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  text_ += json_string(text);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  text_ += std::to_string(number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  separate();
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.3f", number);
  text_ += digits;
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::json(std::string_view json) {
  separate();
  text_ += indented_json(json, depth_);
  return *this;
}

}  // namespace mailboat::cli
