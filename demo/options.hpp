#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "common/command_line.hpp"

namespace mailboat::demo {

/// Everything that can be chosen about the demo.
struct DemoOptions {
  std::string scrobbles;           ///< a Last.fm export as CSV; empty: rows of our own
  std::string postgres;            ///< the user's server; empty: a throw-away one
  std::int64_t rows = 200'000;     ///< in the table before mailboat comes
  std::int64_t seconds = 10;       ///< of live changes
  std::int64_t connections = 8;    ///< that change rows at the same time
  std::int64_t drain = 1'000'000;  ///< backlog whose draining is measured; 0: none
  bool keep = false;               ///< stay with everything running until Ctrl-C
};

/// The options, or the code that the program is to end with because what had to be said has been printed.
std::variant<DemoOptions, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal);

}  // namespace mailboat::demo
