#include "common/log_line.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "common/characters.hpp"
#include "common/error.hpp"

namespace mailboat::log {
namespace {

struct LevelRow {
  Level level;
  std::string_view name;
  std::string_view journal_prefix;
};

constexpr std::array<LevelRow, 4> levels{{{Level::Debug, "debug", "<7>"},
                                          {Level::Info, "info", "<6>"},
                                          {Level::Warning, "warning", "<4>"},
                                          {Level::Error, "error", "<3>"}}};

const LevelRow& row_of(Level level) { return levels.at(static_cast<std::size_t>(level)); }

constexpr std::array<std::string_view, 2> formats{"text", "json"};

std::string six_digits(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.6g", value);
  return digits.data();
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

std::string in_quotes(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

}  // namespace

// What is no number in JSON (infinity) goes as a text.
Field::Field(std::string_view key_, double value_)
    : key(key_), value(six_digits(value_)), is_text(!std::isfinite(value_)) {}

Level parse_level(std::string_view text) {
  for (const auto& row : levels) {
    if (row.name == text) return row.level;
  }
  throw InvalidInput("not a log level: '" + std::string(text) + "' (expected debug, info, warning or error)");
}

std::string_view level_name(Level level) { return row_of(level).name; }

Format parse_format(std::string_view text) {
  const auto found = std::find(formats.begin(), formats.end(), text);
  if (found != formats.end()) return static_cast<Format>(found - formats.begin());
  throw InvalidInput("not a log format: '" + std::string(text) + "' (expected text or json)");
}

std::string_view format_name(Format format) { return formats.at(static_cast<std::size_t>(format)); }

Level shifted(Level level, int steps) {
  constexpr int last = static_cast<int>(levels.size()) - 1;
  return static_cast<Level>(std::clamp(static_cast<int>(level) - steps, 0, last));
}

std::string format_line(std::string_view message, std::span<const Field> fields) {
  auto line = printable(message);
  for (const auto& field : fields) {
    const auto plain = printable(field.value);
    line += ' ' + field.key + '=' + (needs_quotes(plain) ? in_quotes(field.value) : plain);
  }
  return line;
}

std::string json_members(std::string_view message, std::span<const Field> fields) {
  auto text = "\"message\":" + json_string(message) + ",\"fields\":{";
  for (const auto& field : fields) {
    if (text.back() != '{') text += ',';
    text += json_string(field.key) + ':' + (field.is_text ? json_string(field.value) : field.value);
  }
  return text + '}';
}

std::string_view journal_prefix(Level level) { return row_of(level).journal_prefix; }

}  // namespace mailboat::log
