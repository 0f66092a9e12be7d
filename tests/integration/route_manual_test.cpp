// The worked examples of docs/routes.md, as they stand there: what is to be typed, and what comes out.
#include <fstream>
#include <sstream>

#include "tests/integration/cli_fixture.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/document.hpp"

namespace mailboat::test {
namespace {

/// `$ sqlite3 shop.db 'SELECT ...'` and the lines below it.
struct Query {
  std::string sql;
  std::string result;
};

std::vector<Query> queries_in(const std::string& console) {
  std::vector<Query> queries;
  std::istringstream lines(console);
  const std::string prompt = "$ sqlite3 shop.db ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prompt)) {
      queries.push_back({line.substr(prompt.size() + 1, line.size() - prompt.size() - 2), ""});
    } else {
      queries.back().result += line + '\n';
    }
  }
  return queries;
}

std::vector<Section> manual() { return sections_of(MAILBOAT_SOURCE_DIR "/docs/routes.md"); }

/// The numbers of the sections that are examples: those below the one with their source.
constexpr auto source_of_all = "Worked examples";
std::vector<std::size_t> examples() {
  const auto sections = manual();
  std::vector<std::size_t> numbers;
  bool has_begun = false;
  for (std::size_t i = 0; i < sections.size() && sections[i].title != "Limits"; ++i) {
    if (has_begun) numbers.push_back(i);
    has_begun = has_begun || sections[i].title == source_of_all;
  }
  return numbers;
}

class RouteManual : public Pipeline, public testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override {
    const auto sections = manual();
    for (const auto& section : sections) {
      if (section.title == source_of_all) sql(section.blocks.at(0).text);
    }
    example = sections.at(GetParam());
    start_producer();
  }

  // As sqlite3 prints it.
  [[nodiscard]] std::string printed(const std::string& query) const {
    std::string text;
    for (const auto& row : replica().rows(query)) {
      for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "|" : "") + row[i].value_or("");
      text += '\n';
    }
    return text;
  }

  void begin_with(const std::string& routes) {
    const auto path = file() + ".toml";
    std::ofstream(path) << routes;
    consumer_options = {"--config", path};
    const auto checked = mailboat(conninfo, {"routes", "check", "--config", path});
    EXPECT_EQ(checked.code, ExitCode::Done) << checked.err;
    subscribe();
  }

  void compare(const std::string& console) {
    catch_up();
    for (const auto& query : queries_in(console)) EXPECT_EQ(printed(query.sql), query.result) << query.sql;
  }

  Section example;
};

TEST_P(RouteManual, ItsExampleComesOutAsItSays) {
  SCOPED_TRACE(example.title);
  for (const auto& block : example.blocks) {
    if (block.language == "toml") begin_with(block.text);
    if (block.language == "toml") catch_up();
    if (block.language == "sql") sql(block.text);
    if (block.language == "console") compare(block.text);
  }
  EXPECT_EQ(example.blocks.back().language, "console");
}

// What the examples show is a moment; this is the time after it.
TEST_P(RouteManual, ItsExampleStaysEqualToTheSource) {
  for (const auto& block : example.blocks) {
    if (block.language == "toml") begin_with(block.text);
  }
  start_consumer();
  sql("UPDATE users SET profile = '{\"address\": {\"city\": \"Paris\"}}', created_at = created_at + interval "
      "'1 day';"
      "UPDATE users SET is_test = true, email = NULL WHERE id = 1; DELETE FROM users WHERE id = 2;"
      "UPDATE orders SET net = net + 1, tags = tags || '{more}'::text[]; UPDATE orders SET id = id + 100 "
      "WHERE id = 10;"
      "INSERT INTO orders VALUES (1000, 1, 12345678.91, 'DE', now(), '{}')");
  const auto verified = mailboat(conninfo, {"verify", "replica"});
  // A history has nothing to compare.
  const auto is_history = contains(verified.out + verified.err, "no table of the replica holds its rows");
  EXPECT_TRUE(is_history || verified.code == ExitCode::Done) << verified.out << verified.err << said();
}

INSTANTIATE_TEST_SUITE_P(Examples, RouteManual, testing::ValuesIn(examples()));

TEST(RouteManualItself, HasExamples) { EXPECT_GE(examples().size(), 6U); }

}  // namespace
}  // namespace mailboat::test
