#include "common/command_line.hpp"

#include <gtest/gtest.h>

#include "tests/unit/parsing.hpp"

namespace mailboat {
namespace {

using test::environment_of;
using test::Printed;
using test::TemporaryFile;

// A program with one option of each kind, and two commands when asked for.
class CommandLineTest : public testing::Test {
 protected:
  std::optional<ExitCode> parse(const std::vector<std::string>& arguments,
                                std::map<std::string, std::string> variables = {}) {
    CommandLine line("prog", "Does something.", "prog --listen here");
    line.setting({.name = "listen", .value = "ENDPOINT", .help = "Where"}, listen);
    line.setting({.name = "producer", .value = "ENDPOINT", .help = "From whom"}, producers);
    line.setting({.name = "insecure", .value = "", .help = "Consent"}, insecure);
    line.setting({.name = "poll-interval-max", .value = "DURATION", .help = "How long"}, poll_interval_max);
    line.setting({.name = "reject-limit", .value = "NUMBER", .help = "How many"}, reject_limit);
    line.setting({.name = "log-level", .value = "LEVEL", .help = "How much"}, log_level);
    line.tables("route", "What becomes of it",
                [this](const std::string&, const std::vector<ConfigTable>& found) { routes = found; });
    if (with_commands) {
      auto& track = line.command("track", "Track tables", "prog track a");
      track.position({.name = "TABLE", .value = "", .help = "Which", .required = true}, tables);
      track.argument({.name = "key", .value = "COLUMN,...", .help = "Key columns"}, key);
      track.argument({.name = "capture", .value = "MODE", .help = "How", .choices = {"row", "statement"}},
                     capture);
      line.command("status", "Show status", "prog status");
      auto& failed = line.command("failed", "Tasks", "prog failed list");
      auto& list = failed.command("list", "List tasks", "prog failed list x");
      list.position({.name = "NAME", .value = "", .help = "Whose"}, name);
      list.position({.name = "ID", .value = "", .help = "Which"}, ids);
      list.argument({.name = "limit", .value = "N", .help = "How many"}, limit);
      list.argument({.name = "error", .value = "TEXT", .help = "Which"}, error);
      failed.command("show", "Show one", "prog failed show");
    }
    const auto code = line.parse(arguments, printed.terminal(), environment_of(std::move(variables)));
    given_command = line.given_command();
    return code;
  }

  void expect_refused(const std::vector<std::string>& arguments, const std::string& part,
                      std::map<std::string, std::string> variables = {}) {
    EXPECT_EQ(parse(arguments, std::move(variables)), ExitCode::Usage);
    EXPECT_NE(printed.err.str().find(part), std::string::npos) << printed.err.str();
    EXPECT_EQ(printed.out.str(), "");
  }

  Printed printed;
  std::string listen = "default";
  std::vector<std::string> producers;
  bool insecure = false;
  std::chrono::milliseconds poll_interval_max{50};
  std::uint32_t reject_limit = 1000;
  std::vector<ConfigTable> routes;
  log::Level log_level = log::Level::Info;
  bool with_commands = false;
  std::vector<std::string> tables;
  std::vector<std::string> key;
  std::string capture;
  std::string name;
  std::vector<std::string> ids;
  std::uint32_t limit = 100;
  std::optional<std::string> error;
  std::string given_command;
};

TEST_F(CommandLineTest, KeepsDefaultsWhenNothingIsGiven) {
  EXPECT_EQ(parse({}), std::nullopt);
  EXPECT_EQ(listen, "default");
  EXPECT_EQ(poll_interval_max, std::chrono::milliseconds(50));
}

TEST_F(CommandLineTest, ReadsEveryKindFromTheFile) {
  const TemporaryFile file(
      "listen = 'file'\nproducer = ['a,b', 'c']\ninsecure = true\npoll_interval_max = '2s'\nlog_level = "
      "'debug'\nreject_limit = 7\n");
  ASSERT_EQ(parse({"--config", file.path()}), std::nullopt) << printed.err.str();
  EXPECT_EQ(listen, "file");
  EXPECT_EQ(producers, (std::vector<std::string>{"a,b", "c"}));
  EXPECT_TRUE(insecure);
  EXPECT_EQ(poll_interval_max, std::chrono::seconds(2));
  EXPECT_EQ(reject_limit, 7U);
  EXPECT_EQ(log_level, log::Level::Debug);
}

TEST_F(CommandLineTest, ReadsEveryKindFromVariables) {
  ASSERT_EQ(parse({}, {{"MAILBOAT_LISTEN", "variable"},
                       {"MAILBOAT_PRODUCER", "a,b"},
                       {"MAILBOAT_INSECURE", "true"},
                       {"MAILBOAT_POLL_INTERVAL_MAX", "2s"},
                       {"MAILBOAT_REJECT_LIMIT", "7"},
                       {"MAILBOAT_LOG_LEVEL", "debug"}}),
            std::nullopt)
      << printed.err.str();
  EXPECT_EQ(listen, "variable");
  EXPECT_EQ(producers, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(insecure);
  EXPECT_EQ(poll_interval_max, std::chrono::seconds(2));
  EXPECT_EQ(reject_limit, 7U);
  EXPECT_EQ(log_level, log::Level::Debug);
}

TEST_F(CommandLineTest, RanksFlagsAboveVariablesAboveTheFile) {
  const TemporaryFile file("listen = 'file'\ninsecure = true\nproducer = ['file']\n");
  ASSERT_EQ(parse({"--config", file.path()}, {{"MAILBOAT_LISTEN", "variable"}}), std::nullopt);
  EXPECT_EQ(listen, "variable");
  EXPECT_TRUE(insecure);
  ASSERT_EQ(parse({"--listen", "flag", "--insecure=false", "--producer", "x", "--producer", "y"},
                  {{"MAILBOAT_LISTEN", "variable"}, {"MAILBOAT_CONFIG", file.path()}}),
            std::nullopt);
  EXPECT_EQ(listen, "flag");
  EXPECT_FALSE(insecure);
  EXPECT_EQ(producers, (std::vector<std::string>{"x", "y"}));
}

TEST_F(CommandLineTest, TakesAnEmptyVariableAsNotSet) {
  ASSERT_EQ(parse({}, {{"MAILBOAT_LISTEN", ""}}), std::nullopt);
  EXPECT_EQ(listen, "default");
}

TEST_F(CommandLineTest, RefusesAnUnknownKeyNamingItAndTheFile) {
  const TemporaryFile file("listten = 'x'\n");
  expect_refused({"--config", file.path()},
                 file.path() + ", line 1: unknown key 'listten' (did you mean listen?)");
}

TEST_F(CommandLineTest, RefusesATableWhereAValueBelongs) {
  const TemporaryFile file("[listen]\nhost = 'x'\n");
  expect_refused({"--config", file.path()}, file.path() + ", line 1: listen: expected a text");
}

TEST_F(CommandLineTest, HandsOverListsOfTables) {
  const TemporaryFile file(
      "[[route]]\ntopic = 'a'\nkey = ['x', 'y']\n[route.columns]\nx = ':x'\n[[route]]\nsize = 1\n");
  ASSERT_EQ(parse({"--config", file.path()}), std::nullopt) << printed.err.str();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(std::get<std::string>(routes[0].values.at("topic")), "a");
  EXPECT_EQ(std::get<std::vector<std::string>>(routes[0].values.at("key")),
            (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(std::get<ConfigTexts>(routes[0].values.at("columns")).at("x"), ":x");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(routes[1].values.at("size")));
}

TEST_F(CommandLineTest, KnowsTheLinesOfListsOfTables) {
  const TemporaryFile file(
      "\n[[route]]\ntopic = 'a'\nkey = ['x',\n 'y']\n[route.columns]\nx = ':x'\n\n[[route]]\nsize = 1\n");
  ASSERT_EQ(parse({"--config", file.path()}), std::nullopt) << printed.err.str();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].line, 2U);
  EXPECT_EQ(routes[0].line_of("topic"), 3U);
  EXPECT_EQ(routes[0].line_of("key"), 4U);
  EXPECT_EQ(routes[0].line_of("columns.x"), 7U);
  EXPECT_EQ(routes[0].line_of("columns.y"), routes[0].line_of("columns")) << "there is no such column";
  EXPECT_EQ(routes[0].line_of("table"), 2U) << "there is no such key";
  EXPECT_EQ(routes[1].line, 9U);
  EXPECT_EQ(routes[1].line_of("size"), 10U);
}

TEST_F(CommandLineTest, KnowsTheLinesOfTablesWithinAValue) {
  const TemporaryFile file("route = [{topic = 'a', table = 't'},\n{topic = 'b'}]\n");
  ASSERT_EQ(parse({"--config", file.path()}), std::nullopt) << printed.err.str();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].line_of("table"), 1U);
  EXPECT_EQ(routes[1].line, 2U);
}

TEST_F(CommandLineTest, RefusesATableThatIsNoListOfTables) {
  for (const std::string content : {"[route]\ntopic = 'a'\n", "route = 'a'\n", "route = [1]\n"}) {
    const TemporaryFile file(content);
    expect_refused({"--config", file.path()}, file.path() + ", line 1: route: expected a list of tables");
  }
}

TEST_F(CommandLineTest, RefusesAListOfTablesThatItDoesNotKnow) {
  const TemporaryFile file("[[rout]]\ntopic = 'a'\n");
  expect_refused({"--config", file.path()},
                 file.path() + ", line 1: unknown key 'rout' (did you mean [[route]]?)");
  const TemporaryFile odd("'[[route]]' = 'a'\n");
  expect_refused({"--config", odd.path()}, odd.path() + ", line 1: unknown key '[[route]]'");
}

TEST_F(CommandLineTest, RefusesNumbersThatAreNone) {
  for (const std::string text : {"-1", "4294967296", "1.5", "many", "1k"}) {
    expect_refused({"--reject-limit=" + text},
                   "--reject-limit: expected a whole number from 0 to 4294967295, got '" + text + "'");
  }
}

TEST_F(CommandLineTest, RefusesABrokenFileNamingTheLine) {
  const TemporaryFile file("listen = 'x'\nproducer = [\n");
  expect_refused({"--config", file.path()}, file.path() + ", line ");
  expect_refused({"--config", file.path() + ".missing"}, "No such file or directory");
}

TEST_F(CommandLineTest, ReadsAnEmptyFileAsNoSettings) {
  const TemporaryFile file("");
  EXPECT_EQ(parse({"--config", file.path()}), std::nullopt) << printed.err.str();
}

TEST_F(CommandLineTest, SaysWhereABadValueCameFrom) {
  const TemporaryFile file("poll_interval_max = 'soon'\n");
  expect_refused({"--config", file.path()},
                 file.path() + ", line 1: poll_interval_max: not a duration: 'soon'");
  expect_refused({}, "MAILBOAT_POLL_INTERVAL_MAX: not a duration: '7'",
                 {{"MAILBOAT_POLL_INTERVAL_MAX", "7"}});
  expect_refused({"--poll-interval-max", "9"}, "--poll-interval-max: not a duration: '9'");
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotKnow) {
  expect_refused({"--speed", "11"}, "there is no option --speed\n");
  expect_refused({"--lisen", "11"}, "there is no option --lisen (did you mean --listen?)");
  expect_refused({"extra"}, "unexpected argument 'extra'");
  expect_refused({}, "MAILBOAT_LISSEN: unknown variable (did you mean MAILBOAT_LISTEN?)",
                 {{"MAILBOAT_LISSEN", "x"}});
  expect_refused({"--listen", "a", "--listen", "b"}, "--listen");
}

TEST_F(CommandLineTest, RefusesAConnectionStringInTheWrongPlaceWithoutRepeatingIt) {
  for (const bool commands : {false, true}) {
    with_commands = commands;
    for (const std::string argument :
         {"postgresql://app:hunter2@db/shop", "postgres:/app:hunter2@db/shop", "host=db password=hunter2",
          "password = hunter2", "-Ppostgresql://app:hunter2@db/shop"}) {
      expect_refused({argument}, "unexpected argument (a connection string?");
      EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
    }
  }
  expect_refused({"status", "postgresql://app:hunter2@db/shop"}, "unexpected argument (a connection string?");
  EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
}

TEST_F(CommandLineTest, RefusesAConnectionStringAsTheValueOfAnotherOptionWithoutRepeatingIt) {
  for (const std::string value : {"postgresql://app:hunter2@db/shop", "host=db password=hunter2"}) {
    expect_refused({"--poll-interval-max", value}, "--poll-interval-max: not a value for this");
    EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
  }
}

TEST_F(CommandLineTest, PrintsHelpAndVersionAndEndsWell) {
  EXPECT_EQ(parse({"--help"}), ExitCode::Done);
  EXPECT_NE(printed.out.str().find("--poll-interval-max DURATION"), std::string::npos) << printed.out.str();
  EXPECT_NE(printed.out.str().find("(default: 50ms)"), std::string::npos) << printed.out.str();
  EXPECT_NE(printed.out.str().find("prog --listen here\n"), std::string::npos) << printed.out.str();
  printed.out.str("");
  EXPECT_EQ(parse({"--version"}), ExitCode::Done);
  EXPECT_TRUE(printed.out.str().starts_with("prog ")) << printed.out.str();
  EXPECT_EQ(printed.err.str(), "");
}

TEST_F(CommandLineTest, ReadsACommandWithSettingsOnEitherSide) {
  with_commands = true;
  ASSERT_EQ(parse({"--listen", "a", "track", "one", "status", "--key", "x,y", "--key", "z", "--insecure"}),
            std::nullopt)
      << printed.err.str();
  EXPECT_EQ(given_command, "track");
  EXPECT_EQ(tables, (std::vector<std::string>{"one", "status"}));
  EXPECT_EQ(key, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(listen, "a");
  EXPECT_TRUE(insecure);
}

TEST_F(CommandLineTest, KeepsCommasInPositions) {
  with_commands = true;
  ASSERT_EQ(parse({"track", "a,b"}), std::nullopt) << printed.err.str();
  EXPECT_EQ(tables, std::vector<std::string>{"a,b"});
}

TEST_F(CommandLineTest, TakesNoArgumentOfACommandFromAVariable) {
  with_commands = true;
  ASSERT_EQ(parse({"track", "a"}, {{"MAILBOAT_CAPTURE", "statement"}}), std::nullopt) << printed.err.str();
  EXPECT_EQ(capture, "");
}

TEST_F(CommandLineTest, RefusesIncompleteAndUnknownCommands) {
  with_commands = true;
  expect_refused({}, "which command?");
  expect_refused({"stauts"}, "stauts");
  expect_refused({"track"}, "TABLE");
  expect_refused({"track", "a", "--capture", "none"}, "--capture: 'none' is none of row, statement");
}

TEST_F(CommandLineTest, ReadsCommandsOfCommandsWithSettingsAnywhere) {
  with_commands = true;
  ASSERT_EQ(parse({"failed", "list", "--listen", "a", "show", "list", "track", "--limit", "7", "--insecure"}),
            std::nullopt)
      << printed.err.str();
  EXPECT_EQ(given_command, "failed list");
  EXPECT_EQ(name, "show");
  EXPECT_EQ(ids, (std::vector<std::string>{"list", "track"}));
  EXPECT_EQ(limit, 7U);
  EXPECT_EQ(error, std::nullopt);
  EXPECT_EQ(listen, "a");
  EXPECT_TRUE(insecure);
}

TEST_F(CommandLineTest, PositionsThatAreNotRequiredMayBeLeftOut) {
  with_commands = true;
  ASSERT_EQ(parse({"failed", "list", "--error", ""}), std::nullopt) << printed.err.str();
  EXPECT_EQ(name, "");
  EXPECT_TRUE(ids.empty());
  EXPECT_EQ(error, "") << "given, but empty";
}

TEST_F(CommandLineTest, RefusesIncompleteAndUnknownCommandsOfCommands) {
  with_commands = true;
  expect_refused({"failed"}, "failed needs a command: list, show\nTry 'prog failed --help'.");
  expect_refused({"failed", "lost"}, "there is no command 'failed lost' (there are: list, show)");
  expect_refused({"failed", "list", "--limit", "-1"}, "");
  expect_refused({"failed", "list", "--speed"}, "--speed");
  EXPECT_EQ(parse({"failed", "--help"}), ExitCode::Done);
  EXPECT_NE(printed.out.str().find("prog failed list\n"), std::string::npos) << printed.out.str();
}

}  // namespace
}  // namespace mailboat
