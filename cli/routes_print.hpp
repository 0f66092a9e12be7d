#pragma once

#include <ostream>
#include <vector>

#include "consumer/route_trial.hpp"

namespace mailboat::cli {

/// For people: what each route of a topic writes, the SQL that does it, and what could not be checked.
void print_tried(std::ostream& out, const consumer::TriedTopic& topic, bool knows_source);

/// For people: what stands in a table, the storage class below each column's name.
void print_written(std::ostream& out, const consumer::WrittenTable& written);

/// For scripts: all tables as one JSON document.
void print_written_json(std::ostream& out, const std::vector<consumer::WrittenTable>& written);

}  // namespace mailboat::cli
