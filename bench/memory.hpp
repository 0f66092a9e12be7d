#pragma once

#include <string_view>

#include "bench/figures.hpp"
#include "tests/support/process.hpp"

namespace mailboat::bench {

/// The highest resident memory of both daemons since their start, as figures of a part.
void add_peak_memory(Figures& figures, std::string_view part, test::Process& producer,
                     test::Process& consumer);

}  // namespace mailboat::bench
