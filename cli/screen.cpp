#include "cli/screen.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace mailboat::cli {
namespace {

// ECMA-48, and of xterm's private modes: 1049 the alternate screen, 25 the cursor, 7 whether a line that is
// too long goes on in the next. Source: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
constexpr auto enter_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr auto leave_screen = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr auto to_first_column_of_first_line = "\x1b[H";
constexpr auto erase_rest_of_line = "\x1b[K";
constexpr auto erase_rest_of_screen = "\x1b[J";
constexpr auto usual_style = "\x1b[m";

const char* start_of(ScreenLine::Style style) {
  switch (style) {
    case ScreenLine::Style::Heading:
      return "\x1b[1m";
    case ScreenLine::Style::Trouble:
      return "\x1b[31m";
    case ScreenLine::Style::Faint:
      return "\x1b[2m";
    case ScreenLine::Style::Plain:
      break;
  }
  return "";
}

// In one piece, so that no half of a page is ever seen. What was there is erased before a text and not after
// it: a text that fills its line leaves the cursor on its own last character.
std::string written(const std::vector<ScreenLine>& lines, bool in_color) {
  std::string text = to_first_column_of_first_line;
  for (const auto& line : lines) {
    if (&line != &lines.front()) text += "\r\n";
    text += &line == &lines.back() ? erase_rest_of_screen : erase_rest_of_line;
    const std::string_view start = in_color ? start_of(line.style) : "";
    text.append(start).append(line.text);
    if (!start.empty()) text += usual_style;
  }
  return text;
}

}  // namespace

bool shows_utf8(const Environment& environment) {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto locale = environment(name).value_or("");
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

bool shows_color(const Environment& environment) { return environment("NO_COLOR").value_or("").empty(); }

bool can_be_written_over(const Environment& environment) {
  return environment("TERM").value_or("dumb") != "dumb";
}

Screen::Screen(std::ostream& out, bool in_color)
    : out_(out), in_color_(in_color), signals_{SIGWINCH, SIGTSTP} {}

Screen::~Screen() {
  leave();
  signals_.unblock();
}

ScreenSize Screen::size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Screen::enter() {
  if (!std::exchange(entered_, true)) out_ << enter_screen;
}

void Screen::restore() {
  if (std::exchange(entered_, false)) out_ << leave_screen << std::flush;
}

void Screen::show(const std::vector<ScreenLine>& lines) {
  const std::lock_guard lock(mutex_);
  if (left_) return;
  enter();
  out_ << written(lines, in_color_) << std::flush;
}

void Screen::leave() {
  const std::lock_guard lock(mutex_);
  left_ = true;
  restore();
}

void Screen::suspend() {
  {
    const std::lock_guard lock(mutex_);
    restore();
  }
  ::raise(SIGSTOP);  // returns at SIGCONT
}

void Screen::wait(const std::stop_token& stop, std::chrono::milliseconds length) {
  const std::stop_callback wake(stop, [this] { stopped_.ring(); });
  std::array<pollfd, 2> waiting{{{signals_.fd(), POLLIN, 0}, {stopped_.fd(), POLLIN, 0}}};
  constexpr std::chrono::milliseconds longest{std::chrono::hours(24)};
  ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(length, longest).count()));
  while (const auto signal = signals_.next()) {
    if (signal == SIGTSTP) suspend();
  }
}

}  // namespace mailboat::cli
