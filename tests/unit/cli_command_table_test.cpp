#include <algorithm>
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/run.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat::cli {
namespace {

using test::environment_of;
using test::Printed;

std::string printed_by(const std::vector<std::string>& arguments) {
  Printed printed;
  EXPECT_EQ(run(arguments, printed.terminal(), environment_of({})), ExitCode::Done) << printed.err.str();
  EXPECT_EQ(printed.err.str(), "");
  return printed.out.str();
}

struct Named {
  std::vector<std::string> words;  ///< as typed: {"failed", "list"}
  const CommandRow& row;
};

void collect(std::vector<Named>& all, const std::vector<CommandRow>& rows,
             const std::vector<std::string>& before) {
  for (const auto& row : rows) {
    auto words = before;
    words.push_back(row.name);
    all.push_back({words, row});
    collect(all, row.commands, words);
  }
}

// Commands of commands, too.
std::vector<Named> all_commands() {
  std::vector<Named> all;
  collect(all, commands(), {});
  return all;
}

std::vector<std::string> operator+(std::vector<std::string> words, const std::string& word) {
  words.push_back(word);
  return words;
}

// Every `--word` that the help text lists.
std::vector<std::string> flags_in(const std::string& help) {
  std::vector<std::string> flags;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const auto dashes = line.find("--");
    if (!line.starts_with("  -") || dashes == std::string::npos) continue;
    flags.push_back(line.substr(dashes, line.find(' ', dashes) - dashes));
  }
  return flags;
}

// What bash offers for the words typed so far; the last one is being completed.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  std::string script = printed_by({"completion"}) + "COMP_WORDS=(";
  for (const auto& word : words) script += "'" + word + "' ";
  script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
            "\n_mailboat\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const auto finished = test::run({"bash", "-c", script});
  EXPECT_EQ(finished.errors, "");
  std::vector<std::string> lines;
  std::istringstream output(finished.output);
  for (std::string line; std::getline(output, line);) lines.push_back(line);
  return lines;
}

bool offers(const std::vector<std::string>& words, const std::string& wanted) {
  const auto all = offered(words);
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

TEST(CommandTable, EveryCommandHasHelpWithItsExample) {
  for (const auto& [words, row] : all_commands()) {
    const auto help = printed_by(words + "--help");
    EXPECT_NE(help.find(row.summary), std::string::npos) << row.name;
    EXPECT_NE(help.find("Example:\n  " + row.example + "\n"), std::string::npos) << row.name;
  }
}

TEST(CommandTable, EveryExampleIsOneThatTheParserTakes) {
  for (const auto& [names, row] : all_commands()) {
    Printed printed;
    // The shell takes the words apart, --help keeps the command from running.
    const auto words = test::run({"bash", "-c",
                                  "mailboat() { printf '%s\\n' \"$@\"; }; " +
                                      (row.name == "completion" ? "mailboat completion" : row.example)});
    std::vector<std::string> arguments;
    std::istringstream lines(words.output);
    for (std::string line; std::getline(lines, line);) arguments.push_back(line);
    EXPECT_NE(std::search(arguments.begin(), arguments.end(), names.begin(), names.end()), arguments.end())
        << row.example;
    arguments.emplace_back("--help");
    EXPECT_EQ(run(arguments, printed.terminal(), environment_of({})), ExitCode::Done) << printed.err.str();
  }
}

TEST(Completion, OffersEveryCommandAndItsEveryFlag) {
  for (const auto& [words, row] : all_commands()) {
    std::vector<std::string> typed{"mailboat"};
    typed.insert(typed.end(), words.begin(), words.end());
    typed.back().resize(3);
    EXPECT_TRUE(offers(typed, row.name)) << row.name;
    typed.back() = row.name;
    const auto flags = flags_in(printed_by(words + "--help"));
    ASSERT_FALSE(flags.empty());
    for (const auto& flag : flags) EXPECT_TRUE(offers(typed + "--", flag)) << row.name << flag;
  }
  for (const auto& flag : flags_in(printed_by({"--help"})))
    EXPECT_TRUE(offers({"mailboat", "--"}, flag)) << flag;
}

TEST(Completion, OffersTheChoicesOfAFlagAndNothingElse) {
  EXPECT_EQ(offered({"mailboat", "subscribe", "--start", ""}),
            (std::vector<std::string>{"load", "now", "earliest"}));
  EXPECT_EQ(offered({"mailboat", "--postgres", "x", "track", "--capture", "s"}),
            std::vector<std::string>{"statement"});
  EXPECT_EQ(offered({"mailboat", "failed", "discard", "shop", "--status", ""}),
            (std::vector<std::string>{"retrying", "failed"}));
}

TEST(Completion, TakesNoValueForACommandOfAnotherCommand) {
  EXPECT_FALSE(offers({"mailboat", "track", "failed", "l"}, "list"));
  EXPECT_FALSE(offers({"mailboat", "failed", "list", "retry", "--"}, "--dry-run"));
}

}  // namespace
}  // namespace mailboat::cli
