#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/screen.hpp"
#include "cli/status_print.hpp"
#include "cli/watch_history.hpp"

namespace mailboat::cli {

/// What `mailboat status --watch` knows.
struct WatchView {
  StatusReport report;  ///< of the last look that succeeded
  WatchHistory history;
  std::string looked_at;  ///< when that was: `12:34:56 UTC`
  std::string trouble;    ///< why there is nothing newer; empty while all is well
};

/// The page as lines that fit the screen. What does not fit is left out: first the bars, then columns from
/// the least to the most important one, then lines from the bottom. Pure.
std::vector<ScreenLine> watch_page(const WatchView& view, const ScreenSize& size, bool utf8);

}  // namespace mailboat::cli
