#pragma once

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.hpp"

namespace mailboat::bench {

/// What the figures were measured on: names and values, for people.
using Machine = std::vector<std::pair<std::string, std::string>>;

/// Processors, memory, kernel, versions. `postgres`: as the server says it.
Machine this_machine(const std::string& postgres);

/// A Markdown table: it can be pasted into a page.
void print_table(std::ostream& out, const Machine& machine, const Figures& figures);

/// The same with every sample, as JSON.
void write_json(std::ostream& out, const Machine& machine, const Figures& figures);

}  // namespace mailboat::bench
