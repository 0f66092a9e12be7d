#include "common/repeated.hpp"

#include "common/log.hpp"

namespace mailboat::log {
namespace {

// Anybody can name subscriptions that there are not.
constexpr std::size_t most_kinds = 1000;

void write_line(Level level, std::string_view message, std::vector<Field> fields, std::uint64_t left_out) {
  if (left_out > 0) fields.emplace_back("left_out", left_out);
  write(level, message, fields);
}

}  // namespace

Repeated::~Repeated() { write_all_left_out(); }

void Repeated::say(Level level, std::string_view about, std::string_view message, Fields fields) {
  const auto kind = std::string(message) + '\n' + std::string(about);
  const std::lock_guard lock(mutex_);
  if (repeats_.size() >= most_kinds) write_all_left_out();
  const auto left_out = repeats_.came(kind, Repeats::Clock::now());
  if (left_out) {
    left_out_.erase(kind);
    write_line(level, message, fields, *left_out);
  } else {
    left_out_.insert_or_assign(kind, Line{level, std::string(message), fields});
  }
}

void Repeated::say_what_is_over() {
  const std::lock_guard lock(mutex_);
  const auto now = Repeats::Clock::now();
  while (const auto left_out = repeats_.next_over(now)) write_late(*left_out);
}

void Repeated::over(std::string_view message, Fields fields) {
  const std::lock_guard lock(mutex_);
  if (repeats_.empty()) return;
  std::uint64_t count = 0;
  while (const auto left_out = repeats_.next_left_out()) count += left_out->count;
  left_out_.clear();
  write_line(Level::Info, message, fields, count);
}

// The last of its kind is the one that is written.
void Repeated::write_late(const Repeats::LeftOut& left_out) {
  const auto line = left_out_.extract(left_out.what);
  if (line.empty()) return;
  auto& [level, message, fields] = line.mapped();
  write_line(level, message, fields, left_out.count - 1);
}

void Repeated::write_all_left_out() {
  while (const auto left_out = repeats_.next_left_out()) write_late(*left_out);
  left_out_.clear();
}

}  // namespace mailboat::log
