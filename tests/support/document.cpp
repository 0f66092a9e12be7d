#include "tests/support/document.hpp"

#include <fstream>
#include <stdexcept>

namespace mailboat::test {

std::vector<Section> sections_of(const std::filesystem::path& document) {
  std::ifstream stream(document);
  if (!stream) throw std::runtime_error("there is no document " + document.string());
  std::vector<Section> sections;
  bool in_block = false;
  for (std::string line; std::getline(stream, line);) {
    const bool is_fence = line.starts_with("```");
    if (!in_block && line.starts_with('#')) {
      sections.push_back({line.substr(line.find_first_not_of("# ")), {}});
    } else if (is_fence) {
      in_block = !in_block;
      if (in_block) sections.back().blocks.push_back({line.substr(3), ""});
    } else if (in_block) {
      sections.back().blocks.back().text += line + '\n';
    }
  }
  return sections;
}

}  // namespace mailboat::test
