#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool process_exists(pid_t id) { return ::kill(id, 0) == 0; }

TEST(Cluster, GivesEachTestAnEmptyDatabase) {
  postgres::Connection first(shared_cluster().create_database(), "test");
  first.query("CREATE TABLE t (id int)");
  postgres::Connection second(shared_cluster().create_database(), "test");
  EXPECT_EQ(second.query("SELECT to_regclass('t') IS NULL").text(0, 0), "t");
}

TEST(Cluster, KeepsCommittedRowsThroughACrash) {
  Cluster cluster;
  const auto database = cluster.create_database();
  postgres::Connection(database, "test").query("CREATE TABLE t AS SELECT 7 AS seven");
  cluster.restart(Cluster::Stop::Immediate);
  EXPECT_EQ(postgres::Connection(database, "test").query("SELECT seven FROM t").int64(0, 0), 7);
}

TEST(Cluster, TakesSettings) {
  Cluster cluster({.fast = false, .settings = {"work_mem=5MB"}});
  postgres::Connection connection(cluster.conninfo(), "test");
  EXPECT_EQ(connection.query("SHOW work_mem").text(0, 0), "5MB");
  EXPECT_EQ(connection.query("SHOW fsync").text(0, 0), "on");
}

TEST(Cluster, RefusedSettingIsReportedInTheServersWords) {
  try {
    Cluster cluster({.settings = {"no_such_setting=1"}});
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_setting"), std::string::npos) << error.what();
  }
}

/// Not a test by itself: the next one runs it in another process, and kills that.
TEST(Cluster, DISABLED_RunsUntilKilled) {
  const auto conninfo = shared_cluster().conninfo();
  std::cout << conninfo << std::endl;
  pause();
}

TEST(Cluster, ServerAndFilesGoWhenTheTestIsKilled) {
  Process other({std::filesystem::read_symlink("/proc/self/exe"), "--gtest_also_run_disabled_tests",
                 "--gtest_filter=Cluster.DISABLED_RunsUntilKilled"});
  ASSERT_TRUE(other.wait_for_output("dbname=")) << other.output() << other.errors();
  const auto said = other.output();
  const auto begin = said.find("host=") + 5;
  const std::filesystem::path directory = said.substr(begin, said.find(' ', begin) - begin);
  ASSERT_TRUE(std::filesystem::exists(directory)) << directory;

  other.kill(SIGKILL);
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(directory.parent_path()); }));
}

TEST(Process, CapturesOutputErrorsAndExitCode) {
  const auto said = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(said.exit_code, 3);
  EXPECT_EQ(said.output, "out\n");
  EXPECT_EQ(said.errors, "err\n");
}

TEST(Process, PassesTheEnvironmentOn) {
  Process::Options options;
  options.environment = {"MAILBOAT_TEST_WORD=boat"};
  EXPECT_EQ(run({"sh", "-c", "echo $MAILBOAT_TEST_WORD"}, options).output, "boat\n");
}

TEST(Process, ReportsTheSignalThatEndedIt) {
  Process process({"sleep", "1000"});
  EXPECT_FALSE(process.wait(milliseconds(0)));
  process.kill(SIGTERM);
  EXPECT_EQ(process.wait(seconds(10)), 128 + SIGTERM);
}

TEST(Process, WaitsForWords) {
  Process process({"sh", "-c", "echo ready; exec sleep 1000"});
  EXPECT_TRUE(process.wait_for_output("ready"));
  EXPECT_TRUE(process.running());
}

TEST(Process, DoesNotWaitForWordsOfADeadProgram) {
  Process process({"true"});
  EXPECT_FALSE(process.wait_for_output("ready", seconds(1000)));
}

TEST(Process, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<Process> process;
  std::thread([&] { process = std::make_unique<Process>(std::vector<std::string>{"sleep", "1000"}); }).join();
  EXPECT_FALSE(process->wait(milliseconds(100)));
}

TEST(Process, KnowsItsPeakMemory) {
  Process sleeper({"sh", "-c", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ready; sleep 1000"});
  ASSERT_TRUE(sleeper.wait_for_output("ready"));
  EXPECT_GT(sleeper.peak_memory(), 20'000'000U);
  EXPECT_LT(sleeper.peak_memory(), 500'000'000U);
}

TEST(Process, DiesWithTheDestructor) {
  pid_t id = 0;
  {
    Process process({"sleep", "1000"});
    id = process.id();
    EXPECT_TRUE(process_exists(id));
  }
  EXPECT_FALSE(process_exists(id));
}

TEST(TempDir, RemovesItsContent) {
  std::filesystem::path path;
  {
    TempDir directory;
    path = directory.path();
    std::ofstream(path / "file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SqliteReader, RefusesAFileThatIsNotThere) {
  TempDir directory;
  EXPECT_THROW(SqliteReader(directory.path() / "none.db"), std::runtime_error);
}

TEST(Eventually, GivesUpAtItsDeadline) {
  EXPECT_FALSE(eventually([] { return false; }, milliseconds(20)));
}

}  // namespace
}  // namespace mailboat::test
