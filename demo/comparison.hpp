#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "demo/source.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace mailboat::demo {

struct Comparison {
  std::int64_t rows = 0;         ///< in PostgreSQL
  std::int64_t differences = 0;  ///< rows missing, extra or different in SQLite
  std::vector<std::string> samples;
};

/// Compares both tables row by row, column by column, in pages. Nobody may be changing them.
Comparison compare(const std::string& conninfo, const test::SqliteReader& replica, const Progress& progress);

}  // namespace mailboat::demo
