#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "producer/operation_status.hpp"

namespace mailboat::cli {

/// One line on an open operation: what it is, what it waits for or how far it is.
std::string operation_line(const OperationStatus& operation);

/// What has come of an operation that is finished, or how it stands.
void print_outcome(std::ostream& out, const OperationStatus& operation,
                   const std::vector<DifferenceStatus>& differences);
void print_operation_json(std::ostream& out, const OperationStatus& operation,
                          const std::vector<DifferenceStatus>& differences);

/// A table of operations.
void print_operations(std::ostream& out, const std::vector<OperationStatus>& operations);
void print_operations_json(std::ostream& out, const std::vector<OperationStatus>& operations);

/// The operation as an object without its differences. Keys are only ever added: scripts read this.
void write_operation(JsonWriter& json, const OperationStatus& operation);

}  // namespace mailboat::cli
