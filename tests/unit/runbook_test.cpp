// docs/operations.md has every sentence that a daemon may log, wait with or end with, every reason why a
// consumer does not apply an event, and what our functions in PostgreSQL say. Whoever writes a new one finds
// out here that an operator will look it up.
#include <algorithm>
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

const std::regex told(
    R"((log::(info|warn|error|write_always)|[.](say|over)|throw (Fatal|Unavailable|ReplicaUnavailable|NotADatabase|ConnectionLost|StreamBroken|TurnLost|SessionEnded|SessionRefused|ConfigurationError))\()");
/// Why a consumer does not apply an event or a row.
const std::regex not_applied(R"(throw InvalidInput\()");

std::vector<Sentence> sentences_in(const fs::path& file, const std::regex& begins) {
  const auto source = content_of(file);
  std::vector<Sentence> sentences;
  for (std::sregex_iterator match(source.begin(), source.end(), begins), end; match != end; ++match) {
    const auto from = static_cast<std::size_t>(match->position());
    const auto statement = source.substr(from, source.find(';', from) - from);
    auto pieces = literals_in(statement);
    if (!pieces.empty()) sentences.push_back({file.lexically_relative(root), std::move(pieces)});
  }
  return sentences;
}

bool has_a_page_of_its_own(const fs::path& file) {
  static const std::set<std::string> files{"route.cpp", "route_expression.cpp", "route_plan.cpp",
                                           "schema_copy.cpp", "source.cpp"};
  return file.parent_path().filename() == "consumer" && files.contains(file.filename());
}

std::vector<Sentence> sentences_of(const std::vector<std::string>& rooms, const std::regex& begins) {
  std::vector<Sentence> all;
  for (const auto& room : rooms) {
    for (const auto& entry : fs::directory_iterator(root / room)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      if (has_a_page_of_its_own(entry.path())) continue;
      const auto found = sentences_in(entry.path(), begins);
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

void expect_in_runbook(const std::vector<Sentence>& sentences) {
  const auto page = on_one_line(content_of(root / "docs" / "operations.md"));
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

TEST(Runbook, HasEverySentenceOfTheDaemons) {
  const auto sentences = sentences_of({"producer", "consumer", "common", "postgres"}, told);
  EXPECT_GE(sentences.size(), 80U);
  expect_in_runbook(sentences);
}

TEST(Runbook, HasEveryReasonWhyAnEventIsNotApplied) {
  const auto reasons = sentences_of({"consumer"}, not_applied);
  EXPECT_GE(reasons.size(), 20U);
  expect_in_runbook(reasons);
}

/// What `RAISE EXCEPTION '...'` says, up to where a reason follows, as a pattern: something stands for each
/// %.
std::string pattern_of(const std::string& sentence) {
  constexpr std::size_t enough = 40;
  static const std::regex special(R"([.()\[\]*+?^$|{}\\])");
  static const std::regex placeholders("%+");
  const auto text = sentence.substr(0, std::min(sentence.find_first_of(":,"), enough));
  return std::regex_replace(std::regex_replace(text, special, R"(\$&)"), placeholders, "[^`|]{1,60}");
}

TEST(Runbook, HasEverySentenceOfOurFunctionsInPostgresql) {
  static const std::regex raise(R"(RAISE (?:EXCEPTION|WARNING|NOTICE)\s+'((?:[^']|'')*)')");
  const auto page = on_one_line(content_of(root / "docs" / "operations.md"));
  std::set<std::string> sentences;
  for (const auto& entry : fs::directory_iterator(root / "migrations")) {
    if (entry.path().extension() != ".sql") continue;
    const auto source = content_of(entry.path());
    for (std::sregex_iterator match(source.begin(), source.end(), raise), end; match != end; ++match)
      sentences.insert((*match)[1]);
  }
  EXPECT_GE(sentences.size(), 60U);
  for (const auto& sentence : sentences) {
    EXPECT_TRUE(std::regex_search(page, std::regex(pattern_of(sentence))))
        << '"' << sentence << "\" is not in docs/operations.md";
  }
}

}  // namespace
}  // namespace mailboat
