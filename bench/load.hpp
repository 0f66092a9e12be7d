#pragma once

#include <cstdint>
#include <string>

#include "bench/feed.hpp"
#include "bench/figures.hpp"

namespace mailboat::bench {

/// The first load of a new replica: from the start of its consumer until a reader sees all `rows` of the
/// feed's only table.
void measure_load(Feed& feed, const std::string& part, const std::string& table, std::uint64_t rows,
                  Figures& figures);

}  // namespace mailboat::bench
