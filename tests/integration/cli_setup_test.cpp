#include <fstream>

#include "tests/integration/cli_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

using CliSetup = CliTest;

std::string tracked(postgres::Connection& connection) {
  return std::string(connection
                         .query("SELECT coalesce(string_agg(topic || ' ' || key::text || ' ' || "
                                "exclude::text || ' ' || capture, '; ' "
                                "ORDER BY topic), '') FROM outbox.tracked")
                         .text(0, 0));
}

TEST_F(CliSetup, MigrateInstallsTheSchemaAndTheSecondTimeDoesNothing) {
  auto said = mailboat({"migrate"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "applied ")) << said.out;
  said = mailboat({"migrate"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out, "The schema outbox is up to date.\n");
}

TEST_F(CliSetup, EveryOtherCommandNamesMigrateWhenTheSchemaIsMissing) {
  expect_failed({"status"}, "mailboat migrate");
  expect_failed({"track", "t"}, "mailboat migrate");
  expect_failed({"untrack", "t"}, "mailboat migrate");
  expect_failed({"subscribe", "s"}, "mailboat migrate");
  expect_failed({"unsubscribe", "s"}, "mailboat migrate");
  const auto said = mailboat({"doctor"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "mailboat migrate")) << said.out;
}

TEST_F(CliSetup, TrackTakesNamesAsSqlDoesAndUntrackUndoesIt) {
  done({"migrate"});
  application.query(
      "CREATE TABLE users (id int PRIMARY KEY); CREATE SCHEMA \"My Schema\"; "
      "CREATE TABLE \"My Schema\".\"Täble\" (\"Id\" int PRIMARY KEY)");
  auto said = mailboat({"track", "Users", "\"My Schema\".\"Täble\""});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out, "tracking public.users\ntracking My Schema.Täble\n");
  said = mailboat({"untrack", "public.users", "\"My Schema\".\"Täble\""});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(tracked(application), "");
}

TEST_F(CliSetup, UnknownTableIsAnsweredWithHowToWriteIt) {
  done({"migrate"});
  application.query("CREATE SCHEMA \"My Schema\"; CREATE TABLE \"My Schema\".\"Täble\" (id int PRIMARY KEY)");
  expect_failed({"track", "Täble"}, "did you mean '\"My Schema\".\"Täble\"'?");
  expect_failed({"track", "My Schema.Täble"}, "did you mean '\"My Schema\".\"Täble\"'?");
  expect_failed({"track", "nope"}, "there is no table nope");
  expect_failed({"track", "nope"}, "double quotes");
  expect_failed({"track", "a.b.c.d"}, "there is no table a.b.c.d");
  expect_failed({"track", "'; DROP SCHEMA outbox CASCADE; --"}, "there is no table");
  expect_failed({"untrack", "nope"}, "there is no table nope");
}

TEST_F(CliSetup, TrackingSeveralTablesIsAllOrNothing) {
  done({"migrate"});
  application.query("CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE keyless (id int)");
  expect_failed({"track", "good", "keyless"}, "public.keyless has no primary key");
  EXPECT_EQ(tracked(application), "");
}

TEST_F(CliSetup, TrackPassesItsOptionsAndKeepsThemWhenTheyAreNotGivenAgain) {
  done({"migrate"});
  application.query("CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text, d text, UNIQUE (a, b))");
  done({"track", "t", "--key", "a,b", "--exclude", "c", "--exclude", "d", "--capture", "statement"});
  EXPECT_EQ(tracked(application), "public.t {a,b} {c,d} statement");
  done({"track", "t"});
  EXPECT_EQ(tracked(application), "public.t {a,b} {c,d} statement");
  done({"track", "t", "--exclude", "", "--capture", "row"});
  EXPECT_EQ(tracked(application), "public.t {a,b} {} row");
}

TEST_F(CliSetup, SubscribeMakesASubscriptionOnceAndUnsubscribeRemovesIt) {
  done({"migrate"});
  auto said = mailboat({"subscribe", "shop", "--start", "now", "--topics", "public.a,task"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "mailboat-consumer --producer tcp://127.0.0.1:5657 --subscription shop"))
      << said.out;
  EXPECT_TRUE(contains(said.err, "no tracked table has the topic public.a")) << said.err;
  EXPECT_EQ(application.query("SELECT name, start, topics FROM outbox.subscription").text(0, 2),
            "{public.a,task}");
  expect_failed({"subscribe", "shop"}, "exists already");
  expect_failed({"subscribe", "sh op"}, "not valid");
  done({"unsubscribe", "shop"});
  expect_failed({"unsubscribe", "shop"}, "there is no subscription \"shop\"");
  EXPECT_EQ(mailboat({"subscribe", "x", "--start", "yesterday"}).code, ExitCode::Usage);
}

TEST_F(CliSetup, RoleWithoutRightsIsToldWhichRoleHasThem) {
  done({"migrate"});
  application.query("DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN END $$");
  const auto said = test::mailboat(conninfo + " user=stranger", {"status"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.err, "permission denied")) << said.err;
  EXPECT_TRUE(contains(said.err, "Connect as")) << said.err;
}

TEST(CliConnection, UnreachableServerIsOneSentence) {
  const auto said = mailboat("host=127.0.0.1 port=1", {"status"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.err, "cannot connect to PostgreSQL")) << said.err;
  EXPECT_TRUE(contains(said.err, "Connection refused")) << said.err;
  EXPECT_EQ(said.err.find('\n'), said.err.size() - 1) << said.err;
}

TEST(CliConnection, PasswordIsNeverPrinted) {
  Cluster cluster;
  postgres::Connection admin(cluster.conninfo(), "test");
  admin.query("CREATE ROLE locked LOGIN PASSWORD 'right-one'");
  admin.query(
      "DO $$ BEGIN EXECUTE format('COPY (VALUES (''local all locked scram-sha-256''), (''local all all "
      "trust'')) TO %L', current_setting('hba_file')); END $$");
  admin.query("SELECT pg_reload_conf()");
  Said said{};
  EXPECT_TRUE(eventually([&] {
    said = mailboat(cluster.conninfo() + " user=locked password=hunter2", {"status"});
    return contains(said.err, "password authentication failed for user \"locked\"");
  })) << said.err;
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_FALSE(contains(said.err, "hunter2")) << said.err;
  for (const auto* conninfo :
       {"postgresql://u:hunter2/x@nowhere.invalid/db", "postgres:/u:hunter2@h/db",
        "host=/nowhere password=hunter2 x", "postgresql://u:hunter2@x@nowhere.invalid/db"}) {
    EXPECT_FALSE(contains(mailboat(conninfo, {"status"}).err, "hunter2")) << conninfo;
  }
}

TEST_F(CliSetup, ProgramTakesTheConnectionFromVariableFileAndFlagAndEndsWithTheRightCode) {
  done({"migrate"});
  const TempDir directory;
  const auto file = directory.path() / "mailboat.toml";
  std::ofstream(file) << "postgres = \"" << conninfo << "\"\n";
  const auto exit_code = [](std::vector<std::string> arguments, std::vector<std::string> environment) {
    arguments.insert(arguments.begin(), program("mailboat"));
    return run(arguments, {.environment = std::move(environment)}).exit_code;
  };
  EXPECT_EQ(exit_code({"status"}, {"MAILBOAT_POSTGRES=" + conninfo}), 0);
  EXPECT_EQ(exit_code({"--config", file.string(), "status"}, {}), 0);
  EXPECT_EQ(exit_code({"status", "--postgres", conninfo}, {"MAILBOAT_POSTGRES=host=/nowhere"}), 0);
  EXPECT_EQ(exit_code({"status"}, {"MAILBOAT_POSTGRES=host=/nowhere", "MAILBOAT_CONFIG=" + file.string()}),
            1);
  EXPECT_EQ(exit_code({"stauts"}, {}), 2);
  EXPECT_EQ(exit_code({"--help"}, {}), 0);
}

}  // namespace
}  // namespace mailboat::test
