#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace mailboat::log {

enum class Level { Debug, Info, Warning, Error };

/// How lines look. Text: message and key=value fields. Json: an object.
enum class Format { Text, Json };

/// One key=value of a line. Keys are snake_case words; a value is quoted when it has to be.
struct Field {
  Field(std::string_view key_, std::string_view value_) : key(key_), value(value_) {}
  Field(std::string_view key_, const std::string& value_) : key(key_), value(value_) {}
  Field(std::string_view key_, const char* value_) : key(key_), value(value_) {}
  Field(std::string_view key_, std::same_as<bool> auto value_)
      : key(key_), value(value_ ? "true" : "false"), is_text(false) {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Field(std::string_view key_, Integer value_)
      : key(key_), value(std::to_string(value_)), is_text(false) {}
  /// Six significant digits.
  Field(std::string_view key_, double value_);

  std::string key;
  std::string value;
  bool is_text = true;  ///< in JSON: otherwise a number, true or false
};

using Fields = std::initializer_list<Field>;

/// `debug`, `info`, `warning` or `error`. Throws InvalidInput for anything else.
Level parse_level(std::string_view text);
std::string_view level_name(Level level);

/// `text` or `json`. Throws InvalidInput for anything else.
Format parse_format(std::string_view text);
std::string_view format_name(Format format);

/// The level `steps` more talkative (below zero: less), as far as there is one.
Level shifted(Level level, int steps);

/// The text after time and level: always one line, every character visible, whatever message and values hold.
std::string format_line(std::string_view message, std::span<const Field> fields);
inline std::string format_line(std::string_view message, Fields fields) {
  return format_line(message, std::span(fields.begin(), fields.size()));
}

/// The members `"message":...,"fields":{...}` of a line's JSON object: valid UTF-8 on one line, whatever
/// message and values hold.
std::string json_members(std::string_view message, std::span<const Field> fields);

/// What a service manager takes for a line's priority: `<4>` before a warning. Source: sd-daemon(3).
std::string_view journal_prefix(Level level);

}  // namespace mailboat::log
