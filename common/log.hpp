#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// One line per event on standard error: UTC time, level, message, then key=value fields. Safe from any
/// thread.
namespace mailboat::log {

enum class Level { Debug, Info, Warning, Error };

/// One key=value of a line. Keys are snake_case words; a value is quoted when it has to be.
struct Field {
  Field(std::string_view key_, std::string_view value_) : key(key_), value(value_) {}
  Field(std::string_view key_, const std::string& value_) : key(key_), value(value_) {}
  Field(std::string_view key_, const char* value_) : key(key_), value(value_) {}
  Field(std::string_view key_, std::same_as<bool> auto value_)
      : key(key_), value(value_ ? "true" : "false") {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Field(std::string_view key_, Integer value_)
      : key(key_), value(std::to_string(value_)) {}
  /// Six significant digits.
  Field(std::string_view key_, double value_);

  std::string key;
  std::string value;
};

using Fields = std::initializer_list<Field>;

/// `debug`, `info`, `warning` or `error`. Throws InvalidInput for anything else.
Level parse_level(std::string_view text);
std::string_view level_name(Level level);

/// Events below `level` are dropped from now on. The default is Info.
void set_level(Level level);

/// A field that ends each line of the thread that made this, as long as this exists. One at a time in a
/// thread.
class ThreadField {
 public:
  ThreadField(std::string_view key, std::string_view value);
  ~ThreadField();
  ThreadField(const ThreadField&) = delete;
  ThreadField& operator=(const ThreadField&) = delete;
};

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

/// The text after time and level: always one line, whatever message and values hold.
std::string format_line(std::string_view message, Fields fields);

}  // namespace mailboat::log
