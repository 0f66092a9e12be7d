#pragma once

#include <optional>
#include <string_view>

namespace mailboat::consumer {

/// The double that stands for a JSON number without loss: printed with as few digits as lead back to it, it
/// has the number's own (zeros at either end do not count). Nothing where there is none: too many digits, too
/// large, too small. Throws InvalidInput for what is not a JSON number. Pure.
[[nodiscard]] std::optional<double> exact_double(std::string_view json);

}  // namespace mailboat::consumer
