#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/document.hpp"

// Documents point at files, at headings and at rooms. Whoever moves one of these finds out here.

namespace mailboat {
namespace {

namespace fs = std::filesystem;
using test::prose_of;
using test::relative_links;

const fs::path root = MAILBOAT_SOURCE_DIR;

/// Neither ours nor a room: build trees, and what begins with a dot.
bool is_passed_over(const fs::path& folder) {
  const auto name = folder.filename().string();
  return name.starts_with('.') || name == "build";
}

std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator();
       ++entry) {
    if (entry->is_directory() && is_passed_over(entry->path())) entry.disable_recursion_pending();
    if (entry->is_regular_file() && entry->path().extension() == ".md") found.push_back(entry->path());
  }
  return found;
}

/// The labels of `[text][label]`, and of the lines `[label]: address` that say what they stand for.
std::set<std::string> labels_in(const std::string& prose, const std::regex& form) {
  std::set<std::string> labels;
  for (std::sregex_iterator match(prose.begin(), prose.end(), form), end; match != end; ++match) {
    labels.insert((*match)[1]);
  }
  return labels;
}

/// `## Disk use of the log` is reached by `#disk-use-of-the-log`.
std::set<std::string> anchors_of(const fs::path& document) {
  std::istringstream prose(prose_of(document));
  std::set<std::string> anchors;
  for (std::string line; std::getline(prose, line);) {
    if (!line.starts_with('#')) continue;
    std::string anchor;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      if (c == ' ') anchor += '-';
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

/// Why a link of `document` leads nowhere; empty when it does lead somewhere.
std::string broken(const fs::path& document, const std::string& link) {
  const auto hash = link.find('#');
  const auto path = link.substr(0, hash);
  const auto target = path.empty() ? document : document.parent_path() / path;
  if (!fs::exists(target)) return "there is no such file";
  if (hash == std::string::npos) return "";
  return anchors_of(target).contains(link.substr(hash + 1)) ? "" : "there is no such heading";
}

/// The rooms that the table in docs/architecture.md names: `| [proto](../proto/) | ...`.
std::set<std::string> rooms_described() {
  static const std::regex row(R"((^|\n)\| \[([a-z]+)\]\()");
  const auto prose = prose_of(root / "docs" / "architecture.md");
  std::set<std::string> rooms;
  for (std::sregex_iterator match(prose.begin(), prose.end(), row), end; match != end; ++match) {
    rooms.insert((*match)[2]);
  }
  return rooms;
}

std::set<std::string> folders() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !is_passed_over(entry.path())) names.insert(entry.path().filename());
  }
  return names;
}

TEST(Docs, AllHaveBeenRead) { EXPECT_GT(documents().size(), 10U); }

TEST(Docs, EveryRelativeLinkLeadsSomewhere) {
  for (const auto& document : documents()) {
    for (const auto& link : relative_links(prose_of(document))) {
      EXPECT_EQ(broken(document, link), "") << link << " in " << document.lexically_relative(root);
    }
  }
}

TEST(Docs, EveryLabelledLinkHasAnAddressAndEveryAddressALink) {
  static const std::regex use(R"(\]\[([^\]\s]+)\])");
  static const std::regex definition(R"((?:^|\n)\[([^\]\s]+)\]: \S+)");
  for (const auto& document : documents()) {
    const auto prose = prose_of(document);
    EXPECT_EQ(labels_in(prose, use), labels_in(prose, definition)) << document.lexically_relative(root);
  }
}

// Decisions have a list of their own.
TEST(Docs, TheReadmeLeadsToEveryPage) {
  const auto links = relative_links(prose_of(root / "README.md"));
  for (const auto& entry : fs::directory_iterator(root / "docs")) {
    if (entry.path().extension() != ".md") continue;
    const auto page = "docs/" + entry.path().filename().string();
    EXPECT_TRUE(std::any_of(links.begin(), links.end(), [&](const auto& link) {
      return link.starts_with(page);
    })) << page;
  }
}

// Whoever runs the bench anew has to change them in both.
TEST(Docs, FiguresOfTheReadmeAreThoseOfTheBench) {
  const auto readme = prose_of(root / "README.md");
  const auto bench = prose_of(root / "docs" / "benchmarks.md");
  static const std::regex rate(R"(\b(\d{1,3}(?:,\d{3})+)\b)");
  const auto figures = labels_in(readme, rate);
  EXPECT_GE(figures.size(), 3U);
  for (const auto& figure : figures) {
    EXPECT_NE(bench.find("| " + figure + " |"), std::string::npos) << figure;
  }
}

TEST(Docs, TheFigureOfTheQuestionsIsThatOfTheBench) {
  std::smatch said;
  std::smatch measured;
  const auto questions = prose_of(root / "docs" / "faq.md");
  const auto bench = prose_of(root / "docs" / "benchmarks.md");
  ASSERT_TRUE(std::regex_search(questions, said, std::regex(R"(a drain was (\d+\.\d) times as fast)")));
  ASSERT_TRUE(std::regex_search(bench, measured, std::regex(R"(\| drain / classic \| \| (\d+\.\d+) \|)")));
  EXPECT_NEAR(std::stod(said[1]), std::stod(measured[1]), 0.051);
}

TEST(Docs, ArchitectureDescribesEveryRoomAndNoOther) { EXPECT_EQ(rooms_described(), folders()); }

}  // namespace
}  // namespace mailboat
