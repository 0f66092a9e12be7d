#include "common/log.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <vector>

#include "common/environment.hpp"
#include "common/journal.hpp"

namespace mailboat::log {
namespace {

enum class Style { Text, Journal, Json };

constexpr std::array<spdlog::level::level_enum, 4> vendor_levels{spdlog::level::debug, spdlog::level::info,
                                                                 spdlog::level::warn, spdlog::level::err};

const char* pattern_of(Style style) {
  if (style == Style::Journal) return "%v";
  return style == Style::Json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                              : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
}

Style style_of(Format format) {
  if (format == Format::Json) return Style::Json;
  const auto journal_stream = process_environment()("JOURNAL_STREAM");
  return leads_to_journal(STDERR_FILENO, journal_stream) ? Style::Journal : Style::Text;
}

// The level is kept by us: a line of any level may have to be written.
struct Output {
  Output()
      : logger(
            std::make_unique<spdlog::logger>("mailboat", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    logger->set_level(spdlog::level::trace);
    set(style_of(Format::Text));
  }
  void set(Style new_style) {
    style = new_style;
    logger->set_pattern(pattern_of(style), spdlog::pattern_time_type::utc);
  }

  std::unique_ptr<spdlog::logger> logger;
  std::atomic<Level> level = Level::Info;
  std::atomic<Style> style = Style::Text;
};

Output& output() {
  static Output instance;
  return instance;
}

thread_local std::optional<Field> thread_field;

std::string line_of(Level level, std::string_view message, std::span<const Field> fields) {
  const Style style = output().style;
  if (style == Style::Json) return json_members(message, fields);
  const auto line = format_line(message, fields);
  return style == Style::Journal ? std::string(journal_prefix(level)) + line : line;
}

void write_unchecked(Level level, std::string_view message, std::span<const Field> fields) {
  std::vector<Field> all(fields.begin(), fields.end());
  if (thread_field) all.push_back(*thread_field);
  const auto line = line_of(level, message, all);
  output().logger->log(vendor_levels.at(static_cast<std::size_t>(level)),
                       spdlog::string_view_t(line.data(), line.size()));
}

std::span<const Field> span_of(Fields fields) { return {fields.begin(), fields.size()}; }

}  // namespace

void set_level(Level level) { output().level = level; }
Level level() { return output().level; }

void set_format(Format format) { output().set(style_of(format)); }

ThreadField::ThreadField(std::string_view key, std::string_view value) { thread_field.emplace(key, value); }
ThreadField::~ThreadField() { thread_field.reset(); }

void debug(std::string_view message, Fields fields) { write(Level::Debug, message, span_of(fields)); }
void info(std::string_view message, Fields fields) { write(Level::Info, message, span_of(fields)); }
void warn(std::string_view message, Fields fields) { write(Level::Warning, message, span_of(fields)); }
void error(std::string_view message, Fields fields) { write(Level::Error, message, span_of(fields)); }

void write(Level level, std::string_view message, std::span<const Field> fields) {
  if (level >= output().level) write_unchecked(level, message, fields);
}

void write_always(Level level, std::string_view message, Fields fields) {
  write_unchecked(level, message, span_of(fields));
}

}  // namespace mailboat::log
