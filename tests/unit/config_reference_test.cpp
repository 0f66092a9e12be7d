#include <fstream>
#include <gtest/gtest.h>

#include "cli/run.hpp"
#include "tests/unit/daemons.hpp"

namespace mailboat {
namespace {

using test::Daemon;
using test::daemons;
using test::environment_of;
using test::Printed;
using test::printed_by;
using test::variables_of;

class ConfigReference : public testing::TestWithParam<Daemon> {};

// docs/configuration.md holds what `mailboat-producer --print-config-reference` prints, below a line that
// says so.
TEST_P(ConfigReference, InTheManualIsWhatTheProgramPrints) {
  std::ifstream stream(std::string(MAILBOAT_SOURCE_DIR) + "/docs/configuration.md");
  const std::string begin = "<!-- mailboat-" + GetParam().name + " --print-config-reference -->";
  std::string table;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (inside && line.starts_with('|')) table += line + '\n';
    if (inside && !line.empty() && !line.starts_with('|')) break;
    if (line == begin) inside = true;
  }
  EXPECT_EQ(table, printed_by(GetParam(), {"--print-config-reference"})) << "in docs/configuration.md";
}

// A shell may hold the variables of all programs: none may be taken for a misspelt one of another.
TEST_P(ConfigReference, SharesVariablesWithTheOtherPrograms) {
  std::map<std::string, std::string> all{{"MAILBOAT_POSTGRES", "host=db"}};
  for (const auto& daemon : daemons()) {
    for (const auto& variable : variables_of(daemon)) all.emplace(variable, "1");
  }
  for (const auto& own : variables_of(GetParam())) all.erase(own);
  Printed printed;
  EXPECT_EQ(GetParam().parse(GetParam().required, printed.terminal(), environment_of(all)), std::nullopt)
      << printed.err.str();
}

TEST_P(ConfigReference, IsOneOfManyThingsThatHelpNames) {
  const auto help = printed_by(GetParam(), {"--help"});
  for (const auto& flag : {"--check-config", "--print-config", "--print-config-reference", "--log-format"}) {
    EXPECT_NE(help.find(flag), std::string::npos) << help;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ConfigReference, testing::ValuesIn(daemons()),
                         [](const auto& test) { return test.param.name; });

TEST(ConfigOfTheCommands, DoesNotMindTheVariablesOfTheDaemons) {
  std::map<std::string, std::string> all;
  for (const auto& daemon : daemons()) {
    for (const auto& variable : variables_of(daemon)) all.emplace(variable, "1");
  }
  all.erase("MAILBOAT_CONFIG");
  all.erase("MAILBOAT_POSTGRES");
  Printed printed;
  EXPECT_EQ(cli::run({"completion"}, printed.terminal(), environment_of(all)), ExitCode::Done)
      << printed.err.str();
}

TEST(PrintConfig, OfTheProducerMasksThePassword) {
  const auto producer = daemons().front();
  for (const std::string conninfo :
       {"postgresql://app:hunter2@db/shop", "host=db user=app password=hunter2"}) {
    const auto shown = printed_by(producer, {"--print-config", "--postgres", conninfo});
    EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
    EXPECT_NE(shown.find("***"), std::string::npos) << shown;
    EXPECT_NE(shown.find("app"), std::string::npos) << shown;
  }
}

// Routes are compiled by SQLite as far as that goes without their source.
TEST(CheckConfig, OfTheConsumerCompilesTheExpressionsOfRoutes) {
  const auto consumer = daemons().back();
  const std::string begin =
      "producer = 'tcp://127.0.0.1:1'\nsubscription = 's'\ndatabase = '/nonexistent/d'\n"
      "[[route]]\ntopic = 'app'\ntable = 't'\ncreate = true\nkey = ['k']\n[route.columns]\nk = ':k'\n";
  const test::TemporaryFile right(begin + "v = 'lower(:v)'\n");
  EXPECT_NE(
      printed_by(consumer, {"--check-config", "--config", right.path()}).find("the configuration is ok"),
      std::string::npos);
  const test::TemporaryFile wrong(begin +
                                  "v = 'lowr(:v)'\n[[route]]\ntopic = 'b'\ntable = 'u'\ncreate = true\n"
                                  "key = ['k']\n[route.columns]\nk = ':k +'\n");
  Printed printed;
  EXPECT_EQ(
      consumer.parse({"--check-config", "--config", wrong.path()}, printed.terminal(), environment_of({})),
      ExitCode::Usage);
  const auto said = printed.err.str();
  EXPECT_NE(said.find(wrong.path() + ", line 11: route 1 (app): columns.v: "), std::string::npos) << said;
  EXPECT_NE(said.find(wrong.path() + ", line 18: route 2 (b): columns.k: "), std::string::npos) << said;
  EXPECT_EQ(printed.out.str(), "");
}

TEST(CheckConfig, OfTheConsumerTellsTheMistakesOfAllRoutesAndSources) {
  const auto consumer = daemons().back();
  const test::TemporaryFile file(
      "[[source]]\nname = 'eu'\nproduser = 'tcp://127.0.0.1:1'\nproducer = 'tcp://a:1'\nsubscription = 's'\n"
      "[[source]]\nname = 'us'\nproducer = 'nowhere'\nsubscription = 's'\n"
      "[[route]]\ntopic = 'a'\nwherre = 'x'\n[[route]]\ntopic = 'b'\nmode = 'odd'\n");
  Printed printed;
  EXPECT_EQ(
      consumer.parse({"--check-config", "--config", file.path()}, printed.terminal(), environment_of({})),
      ExitCode::Usage);
  const auto said = printed.err.str();
  for (const std::string part : {"line 3: source 1 (eu): produser: unknown key (did you mean producer?)",
                                 "line 8: source 2 (us): producer: ",
                                 "line 12: route 1 (a): wherre: unknown key (did you mean where?)",
                                 "line 15: route 2 (b): mode: 'odd'", "--database is missing"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << " is not in\n" << said;
  }
}

}  // namespace
}  // namespace mailboat
