#include "cli/progress_display.hpp"

#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

// ECMA-48: to the line's first column, erase to its end.
constexpr auto erase_line = "\r\x1b[K";
constexpr std::chrono::seconds line_interval{10};

}  // namespace

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::show(const Progress& progress, Clock::time_point now) {
  if (terminal_.err_is_screen) {
    // The last column stays free: some terminals go to the next line after it.
    terminal_.err << erase_line << progress_bar(progress, terminal_.columns - 1) << std::flush;
    bar_stands_ = true;
    return;
  }
  if (progress.what == shown_what_ && now - shown_at_ < line_interval) return;
  shown_what_ = progress.what;
  shown_at_ = now;
  terminal_.err << printable(progress.what) << ": " << progress_text(progress) << '\n' << std::flush;
}

void ProgressDisplay::say(const std::string& sentence) {
  if (sentence == said_) return;
  said_ = sentence;
  clear();
  terminal_.err << sentence << '\n' << std::flush;
}

void ProgressDisplay::clear() {
  if (bar_stands_) terminal_.err << erase_line << std::flush;
  bar_stands_ = false;
}

}  // namespace mailboat::cli
