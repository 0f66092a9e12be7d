#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "common/log_line.hpp"

/// One line per event on standard error: UTC time, level, message, then key=value fields; or a JSON object.
/// Where standard error is the journal, which knows time and level itself, the text has neither. Safe from
/// any thread.
namespace mailboat::log {

/// Events below `level` are dropped from now on. The default is Info.
void set_level(Level level);
[[nodiscard]] Level level();

/// How lines look from now on. The default is Text. To be set before there are threads.
void set_format(Format format);

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

void write(Level level, std::string_view message, std::span<const Field> fields);
/// Whatever the level is set to.
void write_always(Level level, std::string_view message, Fields fields);

}  // namespace mailboat::log
