#include "tests/support/document.hpp"

#include <fstream>
#include <regex>
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

std::string prose_of(const std::filesystem::path& document) {
  std::ifstream stream(document);
  std::string prose;
  bool in_code = false;
  for (std::string line; std::getline(stream, line);) {
    const bool fence = line.starts_with("```");
    if (fence) in_code = !in_code;
    if (!fence && !in_code) prose += line + '\n';
  }
  return prose;
}

std::vector<std::string> relative_links(const std::string& prose) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  std::vector<std::string> targets;
  for (std::sregex_iterator match(prose.begin(), prose.end(), link), end; match != end; ++match) {
    const auto target = (*match)[1].str();
    if (target.find("://") == std::string::npos) targets.push_back(target);
  }
  return targets;
}

}  // namespace mailboat::test
