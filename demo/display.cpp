#include "demo/display.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mailboat::demo {
namespace {

constexpr std::string_view erase_line = "\r\x1b[2K";
constexpr auto refresh = std::chrono::milliseconds(100);
constexpr auto plain_interval = std::chrono::seconds(1);

}  // namespace

void Display::end_moving() {
  if (line_is_moving_) out_ << erase_line << std::flush;
  line_is_moving_ = false;
}

void Display::line(std::string_view text) {
  end_moving();
  out_ << text << '\n' << std::flush;
}

void Display::moving(std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_moving_ < (is_terminal_ ? refresh : plain_interval)) return;
  last_moving_ = now;
  if (!is_terminal_) {
    out_ << text << '\n' << std::flush;
    return;
  }
  out_ << erase_line << text << std::flush;
  line_is_moving_ = true;
}

void Display::bar(std::string_view label, std::int64_t done, std::int64_t all, std::string_view unit) {
  constexpr std::int64_t width = 30;
  const auto filled = all > 0 ? std::clamp<std::int64_t>(done * width / all, 0, width) : 0;
  std::string text("  ");
  text.append(label).append(" [");
  text.append(static_cast<std::size_t>(filled), '#');
  text.append(static_cast<std::size_t>(width - filled), '.');
  text += "] " + grouped(done) + " of " + grouped(all) + ' ';
  moving(text.append(unit));
}

std::string grouped(std::int64_t number) {
  constexpr std::size_t group = 3;
  const auto digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % group == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string readable(std::chrono::milliseconds duration) {
  constexpr auto one_second = std::chrono::milliseconds(1000);
  if (duration < one_second) return std::to_string(duration.count()) + " ms";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(duration).count());
  return text.data();
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + " MiB"; }

}  // namespace mailboat::demo
