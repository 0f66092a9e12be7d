#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mailboat::test {

/// A section of a document, and what it says is to be typed.
struct Recipe {
  std::string title;                  ///< without the leading `#`s
  std::vector<std::string> commands;  ///< the text of each ```sh block
};

/// The sections of a Markdown document, in order; those of a lower level follow the one that they are in.
std::vector<Recipe> recipes_in(const std::filesystem::path& document);

}  // namespace mailboat::test
