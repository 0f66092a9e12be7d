#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace mailboat::test {

/// A block of code in a document: what stands behind its opening fence, and its lines.
struct CodeBlock {
  std::string language;
  std::string text;
};

/// A section of a document, without those of a lower level that follow it.
struct Section {
  std::string title;
  std::vector<CodeBlock> blocks;
};

/// The sections of a Markdown document, in order. Throws std::runtime_error when there is no such file.
std::vector<Section> sections_of(const std::filesystem::path& document);

/// A Markdown document without its code blocks: what looks like a link or a heading in there is none.
std::string prose_of(const std::filesystem::path& document);

/// The targets of `[text](target)` that do not lead out into the world.
std::vector<std::string> relative_links(const std::string& prose);

}  // namespace mailboat::test
