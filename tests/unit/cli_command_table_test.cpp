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
  for (const auto& row : commands()) {
    const auto help = printed_by({row.name, "--help"});
    EXPECT_NE(help.find(row.summary), std::string::npos) << row.name;
    EXPECT_NE(help.find("Example:\n  " + row.example + "\n"), std::string::npos) << row.name;
  }
}

TEST(CommandTable, EveryExampleIsOneThatTheParserTakes) {
  for (const auto& row : commands()) {
    Printed printed;
    // The shell takes the words apart, --help keeps the command from running.
    const auto words = test::run({"bash", "-c",
                                  "mailboat() { printf '%s\\n' \"$@\"; }; " +
                                      (row.name == "completion" ? "mailboat completion" : row.example)});
    std::vector<std::string> arguments;
    std::istringstream lines(words.output);
    for (std::string line; std::getline(lines, line);) arguments.push_back(line);
    EXPECT_NE(std::find(arguments.begin(), arguments.end(), row.name), arguments.end()) << row.example;
    arguments.emplace_back("--help");
    EXPECT_EQ(run(arguments, printed.terminal(), environment_of({})), ExitCode::Done) << printed.err.str();
  }
}

TEST(Completion, OffersEveryCommandAndItsEveryFlag) {
  for (const auto& row : commands()) {
    EXPECT_TRUE(offers({"mailboat", row.name.substr(0, 3)}, row.name)) << row.name;
    const auto flags = flags_in(printed_by({row.name, "--help"}));
    ASSERT_FALSE(flags.empty());
    for (const auto& flag : flags)
      EXPECT_TRUE(offers({"mailboat", row.name, "--"}, flag)) << row.name << flag;
  }
  for (const auto& flag : flags_in(printed_by({"--help"})))
    EXPECT_TRUE(offers({"mailboat", "--"}, flag)) << flag;
}

TEST(Completion, OffersTheChoicesOfAFlagAndNothingElse) {
  EXPECT_EQ(offered({"mailboat", "subscribe", "--start", ""}),
            (std::vector<std::string>{"load", "now", "earliest"}));
  EXPECT_EQ(offered({"mailboat", "--postgres", "x", "track", "--capture", "s"}),
            std::vector<std::string>{"statement"});
}

}  // namespace
}  // namespace mailboat::cli
