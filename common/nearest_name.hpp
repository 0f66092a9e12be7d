#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailboat {

/// The one of `known` that `name` is most probably a slip of the finger for; nullopt when none resembles it.
/// Letters that are missing, too many, wrong or swapped count one each; up to a third of the name may be
/// wrong.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      const std::vector<std::string>& known);

/// ` (did you mean listen?)`: what a sentence about an unknown name ends with.
[[nodiscard]] std::string did_you_mean(std::string_view name);

/// The same, or what there is: ` (known: listen, insecure)`.
[[nodiscard]] std::string hint_for(std::string_view name, const std::vector<std::string>& known);

}  // namespace mailboat
