#pragma once

#include <optional>
#include <string_view>

namespace mailboat::consumer {

/// The double that stands for a JSON number without loss: printed with as few digits as lead back to it, it
/// has the number's own (zeros at either end do not count). Nothing where there is none: too many digits, too
/// large, too small. Throws InvalidInput for what is not a JSON number. Pure.
[[nodiscard]] std::optional<double> exact_double(std::string_view json);

/// `12.50` is `12.5`, `12.00` is `12`; a number with an exponent stays as it is. Pure.
[[nodiscard]] std::string_view without_fraction_zeros(std::string_view json);

/// True of a number without an exponent that has no more than 15 significant digits: a double holds it
/// without loss. Pure.
[[nodiscard]] bool is_short_decimal(std::string_view json);

}  // namespace mailboat::consumer
