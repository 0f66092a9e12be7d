// What the daemons themselves say of their configuration, and how they log: neither needs a source.
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <simdjson.h>
#include <sstream>
#include <sys/stat.h>

#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

/// A consumer whose producer is not there: it waits, and says so.
std::vector<std::string> waiting_consumer(const TempDir& directory, const std::string& log_format) {
  return {program("mailboat-consumer"),
          "--producer",
          "ipc://" + (directory.path() / "nobody").string(),
          "--subscription",
          "shop",
          "--heartbeat",
          "100ms",
          "--database",
          (directory.path() / "shop.db").string(),
          "--log-format",
          log_format};
}

TEST(DaemonLog, IsJsonLineByLineFromTheFirstToTheLast) {
  const TempDir directory;
  Process consumer(waiting_consumer(directory, "json"));
  ASSERT_TRUE(consumer.wait_for_output("waiting to try again")) << consumer.errors();
  consumer.kill(SIGTERM);
  ASSERT_EQ(consumer.wait(std::chrono::seconds(30)), 0) << consumer.errors();
  std::istringstream lines(consumer.errors());
  std::vector<std::string> messages;
  simdjson::dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    const simdjson::dom::element object = parser.parse(line);
    messages.emplace_back(object["message"].get_string().value());
    EXPECT_EQ(object["fields"].is_object(), true) << line;
  }
  ASSERT_GE(messages.size(), 3U) << consumer.errors();
  EXPECT_EQ(messages.front(), "mailboat-consumer begins");
  EXPECT_EQ(messages.back(), "mailboat-consumer has stopped");
}

TEST(DaemonLog, ChangesItsLevelBySignalWithoutAnEnd) {
  const TempDir directory;
  Process consumer(waiting_consumer(directory, "text"));
  ASSERT_TRUE(consumer.wait_for_output("waiting to try again")) << consumer.errors();
  consumer.kill(SIGUSR1);
  EXPECT_TRUE(consumer.wait_for_output("the log level was changed signal=SIGUSR1 from=info to=debug"))
      << consumer.errors();
  consumer.kill(SIGUSR2);
  EXPECT_TRUE(consumer.wait_for_output("the log level was changed signal=SIGUSR2 from=debug to=info"));
  EXPECT_TRUE(consumer.running());
  consumer.kill(SIGTERM);
  EXPECT_EQ(consumer.wait(std::chrono::seconds(30)), 0) << consumer.errors();
}

TEST(DaemonLog, LeavesTimesToTheJournal) {
  const TempDir directory;
  const auto log = directory.path() / "log";
  // As a service manager does it: the file that standard error leads to stands in the variable.
  std::string command = "exec 2>>\"$LOG\"; JOURNAL_STREAM=$(stat -L -c %d:%i \"$LOG\") exec \"$0\" \"$@\"";
  auto arguments = waiting_consumer(directory, "text");
  arguments.insert(arguments.begin(), {"sh", "-c", command});
  Process consumer(arguments, {.environment = {"LOG=" + log.string()}});
  const auto said = [&log] {
    std::ifstream file(log);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
  };
  EXPECT_TRUE(eventually([&] {
    return said().find("\n<4>waiting to try again reason=") != std::string::npos;
  })) << said();
  EXPECT_TRUE(said().starts_with("<6>mailboat-consumer begins version=")) << said();
}

TEST(DaemonConfiguration, IsCheckedWithoutBeginning) {
  const TempDir directory;
  const auto file = directory.path() / "producer.toml";
  std::ofstream(file) << "postgres = 'host=nowhere password=hunter2'\nretension = '1d'\nheartbeat = '0s'\n";
  const auto wrong = run({program("mailboat-producer"), "--config", file, "--check-config"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.errors, "mailboat-producer: " + file.string() +
                              ", line 2: unknown key 'retension' (did you mean retention?)\n" +
                              "mailboat-producer: " + file.string() +
                              ", line 3: heartbeat: has to be above zero\n" +
                              "Try 'mailboat-producer --help'.\n");
  std::ofstream(file) << "postgres = 'host=nowhere password=hunter2'\n";
  const auto right = run({program("mailboat-producer"), "--config", file, "--check-config"});
  EXPECT_EQ(right.exit_code, 0) << right.errors;
  EXPECT_EQ(right.output, "mailboat-producer: the configuration is ok: " + file.string() + "\n");
}

TEST(DaemonConfiguration, ThatIsPrintedStartsTheSameDaemon) {
  const TempDir directory;
  const auto first = run({program("mailboat-producer"), "--print-config", "--retention", "7d"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const auto file = directory.path() / "producer.toml";
  std::ofstream(file) << first.output;
  const auto second = run({program("mailboat-producer"), "--print-config", "--config", file});
  ASSERT_EQ(second.exit_code, 0) << second.errors;
  const std::regex comment("#.*");
  EXPECT_EQ(std::regex_replace(first.output, comment, ""), std::regex_replace(second.output, comment, ""));
  EXPECT_NE(second.output.find("retention = \"7d\""), std::string::npos) << second.output;
}

}  // namespace
}  // namespace mailboat::test
