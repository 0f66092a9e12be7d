#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace mailboat::producer {

/// Names of columns, or of the fields of a payload.
using Names = std::set<std::string, std::less<>>;

/// A JSON object with only those of its members that are named, each byte for byte as it was. What is not an
/// object has none: `{}`. Of valid JSON, as PostgreSQL keeps it; throws InvalidInput where it meets something
/// else.
std::string only_members(std::string_view object, const Names& names);

/// The description of a table (see docs/protocol.md) with only those of its columns that are named.
std::string only_columns(std::string_view description, const Names& names);

}  // namespace mailboat::producer
