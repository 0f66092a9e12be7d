#include "tests/faults/recipes.hpp"

#include <fstream>
#include <stdexcept>

namespace mailboat::test {

std::vector<Recipe> recipes_in(const std::filesystem::path& document) {
  std::ifstream stream(document);
  if (!stream) throw std::runtime_error("there is no document " + document.string());
  std::vector<Recipe> recipes;
  enum class Block { None, Commands, Other } block = Block::None;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("```")) {
      const bool begins = block == Block::None;
      block = begins ? (line == "```sh" ? Block::Commands : Block::Other) : Block::None;
      if (block == Block::Commands) recipes.back().commands.emplace_back();
    } else if (block == Block::Commands) {
      recipes.back().commands.back() += line + '\n';
    } else if (block == Block::None && line.starts_with('#')) {
      recipes.push_back({line.substr(line.find_first_not_of("# ")), {}});
    }
  }
  return recipes;
}

}  // namespace mailboat::test
