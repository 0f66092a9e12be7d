#include "common/log.hpp"

#include <array>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/error.hpp"

namespace mailboat::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made =
        std::make_shared<spdlog::logger>("mailboat", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *instance;
}

void append_escaped(std::string& line, std::string_view text, bool inside_quotes) {
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (inside_quotes && (c == '"' || c == '\\')) {
      line += '\\';
      line += c;
    } else {
      line += c;
    }
  }
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \t\r\n\"=\\") != std::string_view::npos;
}

thread_local std::string thread_field;  // ` key=value`, or empty

void write(spdlog::level::level_enum level, std::string_view message, Fields fields) {
  if (!logger().should_log(level)) return;
  const auto line = format_line(message, fields) + thread_field;
  logger().log(level, spdlog::string_view_t(line.data(), line.size()));
}

struct LevelRow {
  Level level;
  std::string_view name;
  spdlog::level::level_enum vendor;
};

constexpr std::array<LevelRow, 4> levels{{{Level::Debug, "debug", spdlog::level::debug},
                                          {Level::Info, "info", spdlog::level::info},
                                          {Level::Warning, "warning", spdlog::level::warn},
                                          {Level::Error, "error", spdlog::level::err}}};

const LevelRow& row_of(Level level) { return levels.at(static_cast<std::size_t>(level)); }

}  // namespace

Field::Field(std::string_view key_, double value_) : key(key_), value(fmt::format("{:.6g}", value_)) {}

Level parse_level(std::string_view text) {
  for (const auto& row : levels) {
    if (row.name == text) return row.level;
  }
  throw InvalidInput("not a log level: '" + std::string(text) + "' (expected debug, info, warning or error)");
}

std::string_view level_name(Level level) { return row_of(level).name; }

void set_level(Level level) { logger().set_level(row_of(level).vendor); }

ThreadField::ThreadField(std::string_view key, std::string_view value) {
  thread_field = format_line("", {{key, value}});
}
ThreadField::~ThreadField() { thread_field.clear(); }

void debug(std::string_view message, Fields fields) { write(spdlog::level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(spdlog::level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(spdlog::level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(spdlog::level::err, message, fields); }

std::string format_line(std::string_view message, Fields fields) {
  std::string line;
  append_escaped(line, message, false);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const bool quotes = needs_quotes(field.value);
    if (quotes) line += '"';
    append_escaped(line, field.value, quotes);
    if (quotes) line += '"';
  }
  return line;
}

}  // namespace mailboat::log
