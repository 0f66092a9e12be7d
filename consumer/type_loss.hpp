#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

namespace mailboat::consumer {

/// What of a type's values does not arrive in SQLite, each as a few words; empty for most types. `type` is
/// described as form_of() says. docs/types.md lists the same. Pure.
[[nodiscard]] std::vector<std::string_view> losses_of(std::string_view type);

/// The same of a table's columns: `price, total: zeros at the end (12.50 is 12.5); doc: ...`. Empty when
/// nothing is lost. Pure.
[[nodiscard]] std::string describe_losses(std::span<const Column> columns);

}  // namespace mailboat::consumer
