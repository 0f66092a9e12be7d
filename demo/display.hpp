#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace mailboat::demo {

/// What the user sees: lines that stay, and at the bottom one line that moves. Without a terminal the moving
/// line becomes a plain line about once a second.
class Display {
 public:
  Display(std::ostream& out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  ~Display() { end_moving(); }
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  /// Prints a line that stays, in the place of the moving one.
  void line(std::string_view text);
  /// Replaces the moving line.
  void moving(std::string_view text);
  /// A moving line with a bar.
  void bar(std::string_view label, std::int64_t done, std::int64_t all, std::string_view unit);

 private:
  void end_moving();

  std::ostream& out_;
  bool is_terminal_;
  bool line_is_moving_ = false;
  std::chrono::steady_clock::time_point last_moving_;
};

/// `1,234,567`; never negative
std::string grouped(std::int64_t number);
/// `4 ms`, `1.2 s`
std::string readable(std::chrono::milliseconds duration);
/// `38 MiB`
std::string mebibytes(std::uint64_t bytes);

}  // namespace mailboat::demo
