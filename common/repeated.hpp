#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/log_line.hpp"
#include "common/repeats.hpp"

namespace mailboat::log {

/// Log lines that may come again and again, for hours or as often as somebody outside likes. The first is
/// written at once, the next ones at growing intervals (see Repeats), with how many were left out in between
/// as `left_out`. Nothing is left out unsaid: what is over is said late. Any thread.
class Repeated {
 public:
  /// `at_once` lines of a kind are written before any is left out.
  explicit Repeated(std::uint32_t at_once = 1) : repeats_(at_once) {}
  /// Says what has been left out.
  ~Repeated();
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

  /// Lines of the same message about the same are of one kind. `about` may hold whatever came from outside:
  /// of many kinds the old ones are forgotten.
  void say(Level level, std::string_view about, std::string_view message, Fields fields);

  /// Says what was left out of what has not come for a minute. For loops that go on for ever.
  void say_what_is_over();

  /// All of it is over: if there was any, `message` is written, and the next line will be written at once.
  void over(std::string_view message, Fields fields = {});

 private:
  struct Line {
    Level level;
    std::string message;
    std::vector<Field> fields;
  };
  void write_late(const Repeats::LeftOut& left_out);
  void write_all_left_out();

  std::mutex mutex_;
  Repeats repeats_;                       // guarded by mutex_
  std::map<std::string, Line> left_out_;  // guarded by mutex_; the last of each kind
};

}  // namespace mailboat::log
