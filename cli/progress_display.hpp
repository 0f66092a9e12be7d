#pragma once

#include <chrono>
#include <string>

#include "cli/progress.hpp"
#include "common/command_line.hpp"

namespace mailboat::cli {

/// Shows on `terminal.err` how far something has come: on a screen a bar that is written over, elsewhere a
/// line when something else begins, and one every ten seconds. The terminal must outlive it. One thread.
class ProgressDisplay {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressDisplay(const Terminal& terminal) : terminal_(terminal) {}
  /// Takes the bar away.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void show(const Progress& progress, Clock::time_point now);
  /// A sentence that stays, once: not again until another one has been said.
  void say(const std::string& sentence);

 private:
  void clear();

  const Terminal& terminal_;
  std::string said_;
  std::string shown_what_;
  Clock::time_point shown_at_{};
  bool bar_stands_ = false;
};

}  // namespace mailboat::cli
