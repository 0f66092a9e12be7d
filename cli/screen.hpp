#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "common/blocked_signals.hpp"
#include "common/environment.hpp"
#include "common/wake_up.hpp"

namespace mailboat::cli {

struct ScreenLine {
  enum class Style { Plain, Heading, Trouble, Faint };
  std::string text;
  Style style = Style::Plain;
};

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Whether texts may hold more than ASCII, by LC_ALL, LC_CTYPE or LANG, whichever is set first.
bool shows_utf8(const Environment& environment);
/// Not where NO_COLOR is set (https://no-color.org).
bool shows_color(const Environment& environment);
/// Whether a terminal obeys escape codes at all.
bool can_be_written_over(const Environment& environment);

/// The terminal at standard output as a page that is shown again and again, without flicker and without a
/// trace: what was there before is there again after leave(), at the end, and while the program is suspended.
/// Make it before any other thread: it blocks SIGWINCH and SIGTSTP as long as it lives. Throws Fatal or
/// Unavailable when the kernel gives no file descriptor. One thread; leave() from any.
class Screen {
 public:
  /// `out` must write to the terminal and outlive the screen.
  Screen(std::ostream& out, bool in_color);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] static ScreenSize size();
  void show(const std::vector<ScreenLine>& lines);
  /// Nothing is shown any more after this.
  void leave();
  /// Returns after `length`, at a stop, and when the page has to be shown again because the size has changed
  /// or the program goes on after it was suspended.
  void wait(const std::stop_token& stop, std::chrono::milliseconds length);

 private:
  void enter();
  void restore();
  void suspend();

  std::ostream& out_;
  const bool in_color_;
  const BlockedSignals signals_;
  const WakeUp stopped_;
  std::mutex mutex_;
  bool entered_ = false;  // guarded by mutex_
  bool left_ = false;     // guarded by mutex_
};

}  // namespace mailboat::cli
