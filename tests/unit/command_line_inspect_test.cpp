#include <gtest/gtest.h>

#include "tests/unit/parsing.hpp"

namespace mailboat {
namespace {

using test::environment_of;
using test::Printed;
using test::TemporaryFile;

/// A program with a setting of each kind, one of them a secret.
class Inspection : public testing::Test {
 protected:
  std::optional<ExitCode> parse(const std::vector<std::string>& arguments,
                                std::map<std::string, std::string> variables = {}) {
    printed.out.str("");
    printed.err.str("");
    CommandLine line("prog", "Does something.", "prog --listen here");
    line.setting({.name = "postgres",
                  .value = "CONNECTION",
                  .help = "From whom",
                  .mask = [](const std::string& text) { return text.empty() ? text : "***"; }},
                 postgres);
    line.setting({.name = "listen", .value = "ENDPOINT", .help = "Where | from", .required = true}, listen);
    line.setting({.name = "stand-ins", .value = "ENDPOINT", .help = "Who else", .unless_tables = "route"},
                 stand_ins);
    line.setting({.name = "insecure", .value = "", .help = "Consent"}, insecure);
    line.setting({.name = "pause", .value = "DURATION", .help = "How long"}, pause);
    line.setting({.name = "limit", .value = "NUMBER", .help = "How many"}, limit);
    line.setting({.name = "room", .value = "SIZE", .help = "How much"}, room);
    line.setting({.name = "log-level", .value = "LEVEL", .help = "Which"}, log_level);
    line.setting({.name = "log-format", .value = "FORMAT", .help = "How"}, log_format);
    line.tables("route", "What becomes of it",
                [this](const std::string&, const std::vector<ConfigTable>& found) { routes = found; });
    line.check("pause", [this] {
      if (pause.count() == 0) throw InvalidInput("has to be above zero");
    });
    line.check("limit", [this] {
      if (limit == 0) throw InvalidInput("has to be above zero");
    });
    line.offer_inspection();
    line.examine([this](CommandLine::Examination& found) {
      ++examinations;
      for (const auto& sentence : wrong) found.mistakes.add(sentence);
      for (const auto& sentence : unchecked) found.unchecked.push_back(sentence);
    });
    return line.parse(arguments, printed.terminal(), environment_of(std::move(variables)));
  }

  std::string shown(const std::vector<std::string>& arguments,
                    std::map<std::string, std::string> variables = {}) {
    EXPECT_EQ(parse(arguments, std::move(variables)), ExitCode::Done) << printed.err.str();
    EXPECT_EQ(printed.err.str(), "");
    return printed.out.str();
  }

  Printed printed;
  std::string postgres;
  std::string listen;
  std::vector<std::string> stand_ins;
  bool insecure = false;
  std::chrono::milliseconds pause{50};
  std::uint32_t limit = 1000;
  ByteSize room{std::uint64_t{1} << 30};
  log::Level log_level = log::Level::Info;
  log::Format log_format = log::Format::Text;
  std::vector<ConfigTable> routes;
  std::vector<std::string> wrong;
  std::vector<std::string> unchecked;
  int examinations = 0;
};

TEST_F(Inspection, PrintsEveryValueAndWhereItCameFrom) {
  const TemporaryFile file("# a comment\nlisten = 'file'\npause = '2s'\n");
  const auto text = shown({"--config", file.path(), "--print-config", "--limit", "7"},
                          {{"MAILBOAT_LOG_LEVEL", "debug"}, {"MAILBOAT_STAND_INS", "a,b"}});
  const auto after_title = text.substr(text.find('\n') + 1);
  EXPECT_EQ(after_title,
            "postgres = \"\"  # default\nlisten = \"file\"  # " + file.path() +
                ", line 2\nstand_ins = [\"a\", \"b\"]  # MAILBOAT_STAND_INS\n"
                "insecure = false  # default\npause = \"2s\"  # " +
                file.path() +
                ", line 3\nlimit = 7  # --limit\nroom = \"1GiB\"  # default\n"
                "log_level = \"debug\"  # MAILBOAT_LOG_LEVEL\nlog_format = \"text\"  # default\n");
  EXPECT_TRUE(text.starts_with("# prog ")) << text;
  EXPECT_EQ(examinations, 0) << "it was not asked to";
}

TEST_F(Inspection, PrintsWhatCanBeReadBackToTheSame) {
  const TemporaryFile file(
      "listen = \"quo\\\"te \\\\ new\\nline é\"\ninsecure = true\nroom = '3MiB'\nlog_format = 'json'\n"
      "[[route]]\ntopic = 'b'\nkey = ['x', 'y']\nskip = false\n[route.columns]\nz = ':z'\n'odd name' = '''\n"
      "a\nb'''\n[[route]]\ntopic = 'a'\n");
  const auto first = shown({"--config", file.path(), "--print-config"});
  const auto read = routes;
  const TemporaryFile again(first);
  const auto second = shown({"--config", again.path(), "--print-config"});
  const auto without_comments = [](std::string text) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) out += line.substr(0, line.find("  # ")) + '\n';
    return out.substr(out.find('\n'));
  };
  EXPECT_EQ(without_comments(first), without_comments(second));
  EXPECT_EQ(listen, "quo\"te \\ new\nline é");
  EXPECT_EQ(log_format, log::Format::Json);
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].values, read[0].values);
  EXPECT_EQ(std::get<ConfigTexts>(routes[0].values.at("columns")).at("odd name"), "a\nb");
  EXPECT_LT(routes[0].line_of("columns.z"), routes[0].line_of("columns.odd name")) << "in the file's order";
  EXPECT_EQ(first.find("stand_ins"), std::string::npos) << "must not stand beside [[route]]";
}

TEST_F(Inspection, ShowsNoSecret) {
  const auto text = shown({"--listen", "x", "--postgres", "hunter2", "--print-config"});
  EXPECT_NE(text.find("postgres = \"***\"  # --postgres\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST_F(Inspection, SaysThatAllIsWellAndWhatCouldNotBeSeen) {
  const TemporaryFile file("listen = 'file'\n");
  unchecked = {"the weather"};
  EXPECT_EQ(shown({"--check-config", "--config", file.path()}, {{"MAILBOAT_SOMETHING_ELSE", "1"}}),
            "not a setting of prog: MAILBOAT_SOMETHING_ELSE\nnot checked: the weather\n"
            "prog: the configuration is ok: " +
                file.path() + "\n");
  EXPECT_EQ(examinations, 1);
}

TEST_F(Inspection, FindsEveryMistakeAtOnceWithItsPlace) {
  const TemporaryFile file("pause = '0s'\nroom = 'huge'\n\nlisten_at = 'x'\n[[rout]]\ntopic = 'a'\n");
  EXPECT_EQ(parse({"--check-config", "--config", file.path(), "--limit", "0"},
                  {{"MAILBOAT_LOG_LEVEL", "loud"}, {"MAILBOAT_LIMT", "7"}}),
            ExitCode::Usage);
  const auto said = printed.err.str();
  const auto at = [&](int line) { return "prog: " + file.path() + ", line " + std::to_string(line) + ": "; };
  for (const auto& sentence :
       {at(1) + "pause: has to be above zero\n", at(2) + "room: not a size: 'huge'",
        at(4) + "unknown key 'listen_at' (did you mean listen?)\n",
        at(5) + "unknown key 'rout' (did you mean [[route]]?)\n",
        std::string("prog: --limit: has to be above zero\n"),
        std::string("prog: MAILBOAT_LOG_LEVEL: not a log level: 'loud'"),
        std::string("prog: MAILBOAT_LIMT: unknown variable (did you mean MAILBOAT_LIMIT?)\n"),
        std::string("prog: --listen is missing (or MAILBOAT_LISTEN, or listen in the file")}) {
    EXPECT_NE(said.find(sentence), std::string::npos) << sentence << "is not in\n" << said;
  }
  EXPECT_EQ(printed.out.str(), "");
  EXPECT_EQ(examinations, 0) << "of what is wrong already";
}

TEST_F(Inspection, FailsWhenTheExaminationFindsSomething) {
  wrong = {"route 1 is wrong", "route 2 is wrong"};
  EXPECT_EQ(parse({"--check-config", "--listen", "x"}), ExitCode::Usage);
  EXPECT_EQ(printed.err.str(), "prog: route 1 is wrong\nprog: route 2 is wrong\n");
  EXPECT_EQ(printed.out.str(), "");
}

TEST_F(Inspection, RefusesASlipOfTheFingerWithoutRepeatingASecret) {
  EXPECT_EQ(parse({"--postgress=hunter2", "--listen", "x"}), ExitCode::Usage);
  EXPECT_NE(printed.err.str().find("there is no option --postgress (did you mean --postgres?)"),
            std::string::npos)
      << printed.err.str();
  EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
  EXPECT_EQ(parse({"--postgress", "hunter2", "--listen", "x"}), ExitCode::Usage);
  EXPECT_EQ(printed.err.str().find("hunter2"), std::string::npos) << printed.err.str();
}

TEST_F(Inspection, LeavesVariablesOfOtherProgramsAlone) {
  EXPECT_EQ(parse({"--listen", "x"}, {{"MAILBOAT_PRODUCER_SERVICE_HOST", "10.0.0.1"}, {"MAILBOAT_LIMT", ""}}),
            std::nullopt)
      << printed.err.str();
}

TEST_F(Inspection, PrintsItsSettingsAsATable) {
  EXPECT_EQ(shown({"--print-config-reference"}),
            "| key | flag | variable | default | meaning |\n| --- | --- | --- | --- | --- |\n"
            "|  | `--config FILE` | `MAILBOAT_CONFIG` |  | TOML file with further settings |\n"
            "| `postgres` | `--postgres CONNECTION` | `MAILBOAT_POSTGRES` |  | From whom |\n"
            "| `listen` | `--listen ENDPOINT` | `MAILBOAT_LISTEN` | required | Where \\| from |\n"
            "| `stand_ins` | `--stand-ins ENDPOINT` | `MAILBOAT_STAND_INS` |  | Who else |\n"
            "| `insecure` | `--insecure` | `MAILBOAT_INSECURE` | `false` | Consent |\n"
            "| `pause` | `--pause DURATION` | `MAILBOAT_PAUSE` | `\"50ms\"` | How long |\n"
            "| `limit` | `--limit NUMBER` | `MAILBOAT_LIMIT` | `1000` | How many |\n"
            "| `room` | `--room SIZE` | `MAILBOAT_ROOM` | `\"1GiB\"` | How much |\n"
            "| `log_level` | `--log-level LEVEL` | `MAILBOAT_LOG_LEVEL` | `\"info\"` | Which |\n"
            "| `log_format` | `--log-format FORMAT` | `MAILBOAT_LOG_FORMAT` | `\"text\"` | How |\n"
            "| `[[route]]` | | | | What becomes of it |\n");
}

}  // namespace
}  // namespace mailboat
