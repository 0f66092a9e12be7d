// docs/operations.md has every sentence that a daemon may log, wait with or end with. Whoever writes a new
// one finds out here that an operator will look it up.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace mailboat {
namespace {

namespace fs = std::filesystem;

const fs::path root = MAILBOAT_SOURCE_DIR;

/// How much of a sentence has to stand there as it is; what follows may be cut or be a placeholder.
constexpr std::size_t compared = 24;
/// Shorter pieces of a sentence say nothing.
constexpr std::size_t shortest = 10;

std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Line breaks and indentation are no part of a sentence.
std::string on_one_line(const std::string& text) {
  static const std::regex blanks(R"(\s+)");
  return std::regex_replace(text, blanks, " ");
}

/// The pieces of text in a statement, those that the compiler puts together as one.
std::vector<std::string> literals_in(const std::string& statement) {
  static const std::regex literal(R"re("((?:[^"\\]|\\.)*)")re");
  static const std::regex escaped(R"(\\(.))");
  std::vector<std::string> literals;
  for (std::sregex_iterator match(statement.begin(), statement.end(), literal), end; match != end; ++match) {
    const auto text = std::regex_replace((*match)[1].str(), escaped, "$1");
    const bool is_key_of_a_field = text.find(' ') == std::string::npos;
    if (text.size() >= shortest && !is_key_of_a_field) literals.push_back(text);
  }
  return literals;
}

/// Where somebody who runs a daemon is told something: what is logged from info on (also by
/// log::Repeated), and the errors that end it or make it wait. What a route or a source lacks is told with
/// file, line and remedy, and has its own pages.
struct Sentence {
  std::string file;
  std::vector<std::string> pieces;
};

std::vector<Sentence> sentences_in(const fs::path& file) {
  static const std::regex told(
      R"((log::(info|warn|error|write_always)|[.](say|over)|throw (Fatal|Unavailable|ReplicaUnavailable|NotADatabase|ConnectionLost|StreamBroken|TurnLost|SessionEnded|SessionRefused|ConfigurationError))\()");
  const auto source = content_of(file);
  std::vector<Sentence> sentences;
  for (std::sregex_iterator match(source.begin(), source.end(), told), end; match != end; ++match) {
    const auto from = static_cast<std::size_t>(match->position());
    const auto statement = source.substr(from, source.find(';', from) - from);
    auto pieces = literals_in(statement);
    if (!pieces.empty()) sentences.push_back({file.lexically_relative(root), std::move(pieces)});
  }
  return sentences;
}

std::vector<Sentence> sentences_of_daemons() {
  static const std::set<std::string> have_pages_of_their_own{"route.cpp", "route_plan.cpp", "source.cpp"};
  std::vector<Sentence> all;
  for (const auto* room : {"producer", "consumer", "common", "postgres"}) {
    for (const auto& entry : fs::directory_iterator(root / room)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      if (room == std::string("consumer") && have_pages_of_their_own.contains(entry.path().filename()))
        continue;
      const auto found = sentences_in(entry.path());
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

TEST(Runbook, HasEverySentenceOfTheDaemons) {
  const auto page = on_one_line(content_of(root / "docs" / "operations.md"));
  const auto sentences = sentences_of_daemons();
  EXPECT_GE(sentences.size(), 80U);
  for (const auto& [file, pieces] : sentences) {
    bool found = false;
    for (const auto& piece : pieces) {
      const auto begin = piece.find_first_not_of(" '.:,");
      const auto text = piece.substr(begin == std::string::npos ? 0 : begin, compared);
      found = found || page.find(text.substr(0, text.find_last_not_of(" '.:,(") + 1)) != std::string::npos;
    }
    EXPECT_TRUE(found) << file << ": \"" << pieces.front() << "\" is not in docs/operations.md";
  }
}

}  // namespace
}  // namespace mailboat
