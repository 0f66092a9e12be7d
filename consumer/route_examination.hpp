#pragma once

#include "common/command_line.hpp"
#include "consumer/options.hpp"

namespace mailboat::consumer {

/// Tries the routes out without their sources, as RouteTrial does: SQLite compiles each expression. If the
/// SQLite file exists, what it knows of the sources and its tables count, too; it is only read.
void examine_routes(const ConsumerOptions& options, CommandLine::Examination& found);

}  // namespace mailboat::consumer
