// What an operator types, and the two daemons carry out.
#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/integration/cli_fixture.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

class CliAtWork : public Pipeline {
 protected:
  void SetUp() override {
    sql("CREATE TABLE item (id int PRIMARY KEY, name text, stock int); CREATE TABLE other (id int PRIMARY "
        "KEY);"
        "INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, 100) n; INSERT INTO other VALUES "
        "(1);"
        "SELECT outbox.track('item'), outbox.track('other')");
    subscribe();
    start_producer();
    start_consumer();
    expect_done({"wait", "replica", "--timeout", "60s"}, "has everything that was committed");
  }

  Said mailboat(std::vector<std::string> arguments) { return test::mailboat(conninfo, std::move(arguments)); }
  void expect_done(std::vector<std::string> arguments, const std::string& part) {
    const auto run = mailboat(std::move(arguments));
    EXPECT_EQ(run.code, ExitCode::Done) << run.out << run.err << said();
    EXPECT_TRUE(contains(run.out, part)) << run.out;
  }
  /// What somebody with sqlite3 at hand does to the replica.
  void damage(const std::string& statements) {
    SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000).exec(statements);
  }
  void damage_three_rows() {
    damage(
        "UPDATE item SET stock = 0, name = '' WHERE id = 7; DELETE FROM item WHERE id = 8;"
        "INSERT INTO item (id, _version) VALUES (2000, 0)");
  }
};

constexpr auto three_differences =
    "public.item: different \"id\" = 7: name, stock\n"
    "public.item: missing \"id\" = 8\n"
    "public.item: extra \"id\" = 2000\n";

TEST_F(CliAtWork, VerifyOfARightReplicaIsDone) {
  expect_done({"verify", "replica"}, "public.item   completed");
}

TEST_F(CliAtWork, VerifyPrintsEachDifferenceAndEndsWithOne) {
  damage_three_rows();
  const auto run = mailboat({"verify", "replica"});
  EXPECT_EQ(run.code, ExitCode::Failed);
  const auto list = run.out.find("public.item: ");
  ASSERT_NE(list, std::string::npos) << run.out << run.err;
  EXPECT_EQ(run.out.substr(list), std::string(three_differences) +
                                      "3 differences. Mend them with: mailboat verify replica --repair\n");
}

TEST_F(CliAtWork, VerifyWithRepairMendsThemAndIsDone) {
  damage_three_rows();
  expect_done(
      {"verify", "replica", "--repair"},
      "3 differences mended: 2 tables of the replica of subscription replica are equal to the source now\n");
  expect_equal("item");
  expect_done({"verify", "replica", "--tables", "item"},
              "1 table of the replica of subscription replica is equal to the source\n");
}

TEST_F(CliAtWork, VerifyTellsScriptsTheSame) {
  damage_three_rows();
  const auto run = mailboat({"verify", "replica", "--tables", "item", "--json"});
  EXPECT_EQ(run.code, ExitCode::Failed);
  EXPECT_EQ(
      connection
          .query("SELECT concat_ws(' ', j ->> 'status', j ->> 'well', jsonb_array_length(j -> 'tables'),"
                 " j #>> '{tables,0,topic}', jsonb_array_length(j #> '{tables,0,differences}')) FROM "
                 "(SELECT $1::jsonb AS j) x",
                 {run.out})
          .text(0, 0),
      "completed false 1 public.item 3")
      << run.out;
}

TEST_F(CliAtWork, LoadOfOneTablePutsItRightAndLeavesTheOtherAlone) {
  damage_three_rows();
  damage("DELETE FROM other");
  expect_done({"load", "replica", "--tables", "item", "--wait"}, "1 table loaded, 100 rows\n");
  expect_equal("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM other"), 0);
}

TEST_F(CliAtWork, LoadWithAResetCursorPutsAllRight) {
  damage_three_rows();
  damage("DELETE FROM other");
  expect_done({"load", "replica", "--reset-cursor", "--yes", "--wait"}, "all tables of subscription replica");
  expect_equal("item");
  expect_equal("other");
}

TEST_F(CliAtWork, ReplayCountsWhatBecameOfEachEvent) {
  sql("UPDATE item SET stock = 1 WHERE id <= 10");
  sql("UPDATE item SET stock = 2 WHERE id <= 3");
  expect_done({"wait", "replica"}, "has everything");
  damage("UPDATE item SET stock = 0 WHERE id <= 10");
  expect_done({"replay", "replica", "--topic", "public.item", "--dry-run"}, "would send 13 events again");
  expect_done({"replay", "replica", "--topic", "public.item"},
              "13 events sent: 10 applied, 3 already current, 0 rejected\n");
  expect_equal("item");
}

TEST_F(CliAtWork, ReplaySaysWhereTheLogBegins) {
  sql("UPDATE item SET stock = 1 WHERE id = 1");
  expect_done({"wait", "replica"}, "has everything");
  const auto first = value("SELECT max(id) FROM outbox.event");
  sql("DELETE FROM outbox.event WHERE id < " + first);
  const auto run = mailboat({"replay", "replica", "--all"});
  EXPECT_EQ(run.code, ExitCode::Done) << run.err;
  EXPECT_TRUE(contains(run.err, "the log begins with event " + first + " of ")) << run.err;
  EXPECT_TRUE(contains(run.out, "1 event sent: 1 applied")) << run.out;
}

TEST_F(CliAtWork, CancelEndsAReplay) {
  sql("UPDATE item SET stock = 1");
  expect_done({"wait", "replica"}, "has everything");
  expect_done({"replay", "replica", "--topic", "public.item", "--rate", "1", "--no-wait"}, "replay 1");
  EXPECT_TRUE(eventually([&] { return value("SELECT status FROM outbox.operation") == "running"; }))
      << said();
  expect_done({"cancel", "1"}, "replay 1 of subscription replica is cancelled\n");
  const auto run = mailboat({"operation", "1"});
  EXPECT_EQ(run.code, ExitCode::Failed);
  EXPECT_TRUE(contains(run.out, "cancelled")) << run.out;
  expect_done({"replay", "replica", "--topic", "public.item", "--key", "id=5"}, "1 event sent: 1 applied");
}

}  // namespace
}  // namespace mailboat::test
