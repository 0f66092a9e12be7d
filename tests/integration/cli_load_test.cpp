#include "tests/integration/cli_operation_fixture.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

class CliLoad : public CliOperations {
 protected:
  std::string asked_for() {
    return value(
        "SELECT string_agg(topic, ',' ORDER BY place) FROM outbox.operation_table WHERE operation = $1",
        {last_operation()});
  }
};

TEST_F(CliLoad, AsksForAllTablesAndTellsHowToFollow) {
  const auto said = mailboat({"load", "shop"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(asked_for(), "public.a,public.b");
  EXPECT_EQ(said.out,
            "TABLE     STATUS     ROWS\n"
            "public.a  requested  0\n"
            "public.b  requested  0\n"
            "load 1 begins soon\n"
            "mailboat operation 1 shows how it goes, mailboat cancel 1 ends it\n");
}

TEST_F(CliLoad, TakesTablesAsTopicsAndAsNamesOfSql) {
  application.query("CREATE SCHEMA \"My\"; CREATE TABLE \"My\".\"Order\" (id int PRIMARY KEY)");
  done({"track", "\"My\".\"Order\""});
  done({"load", "shop", "--tables", "b,My.Order"});
  EXPECT_EQ(asked_for(), "public.b,My.Order");
  done({"load", "shop", "--tables", "\"My\".\"Order\"", "--tables", "public.a"});
  EXPECT_EQ(asked_for(), "My.Order,public.a");
}

TEST_F(CliLoad, RefusesWhatTheSubscriptionCannotLoad) {
  done({"subscribe", "only-a", "--topics", "public.a"});
  application.query("CREATE TABLE free (id int PRIMARY KEY)");
  expect_failed({"load", "nobody"}, "there is no subscription \"nobody\"");
  expect_failed({"load", "only-a", "--tables", "b"}, "public.b is not a tracked table that subscription");
  expect_failed({"load", "shop", "--tables", "free"}, "public.free is not a tracked table");
  expect_failed({"load", "shop", "--tables", "nothing"}, "there is no table nothing");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.operation"), "0");
}

TEST_F(CliLoad, RemembersWhoAsked) {
  done({"load", "shop"});
  EXPECT_TRUE(contains(value("SELECT requested_by FROM outbox.operation"), " as "));
}

TEST_F(CliLoad, WaitsTableAfterTableUntilAllAreLoaded) {
  const auto said = mailboat_while({"load", "shop", "--wait"}, [this] {
    table_stands("public.a", "running", 500, 1000);
    table_stands("public.a", "completed", 1200);
    table_stands("public.b", "completed", 34);
  });
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "2 tables loaded, 1,234 rows\n")) << said.out;
}

TEST_F(CliLoad, ShowsHowFarItIsTableAfterTable) {
  Process load({program("mailboat"), "--postgres", conninfo, "load", "shop", "--wait"});
  ASSERT_TRUE(eventually([&] { return value("SELECT count(*) FROM outbox.operation") == "1"; }));
  table_stands("public.a", "running", 500, 1000);
  EXPECT_TRUE(load.wait_for_output("load 1: public.a (1 of 2): 500 of about 1,000 rows (50 %)"))
      << load.errors();
  table_stands("public.a", "completed", 1000);
  table_stands("public.b", "running", 7, 0);
  EXPECT_TRUE(load.wait_for_output("load 1: public.b (2 of 2): 7 rows")) << load.errors();
  table_stands("public.b", "completed", 8);
  EXPECT_EQ(load.wait(std::chrono::seconds(30)), 0) << load.errors();
}

TEST_F(CliLoad, EndsWithCodeOneAndTheReasonWhenATableFails) {
  const auto said = mailboat_while({"load", "shop", "--wait"}, [this] {
    table_stands("public.a", "completed", 1);
    table_stands("public.b", "failed", 0, 0, "it is no longer tracked");
  });
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "load 1 failed: public.b: it is no longer tracked\n")) << said.out;
}

TEST_F(CliLoad, SaysThatItWaitsForAConsumer) {
  consumer_leaves();
  const auto said = mailboat({"load", "shop"});
  EXPECT_TRUE(contains(said.out, "load 1 waits: no mailboat-consumer of subscription shop is connected"))
      << said.out;
}

TEST_F(CliLoad, SaysThatItWaitsForTheOneBefore) {
  done({"load", "shop", "--tables", "a"});
  const auto said = mailboat({"load", "shop", "--tables", "a"});
  EXPECT_TRUE(contains(said.out, "load 2 waits for operation 1")) << said.out;
}

/// `--reset-cursor`: the replica is to be taken for one of another history.
class CliResetCursor : public CliOperations {
 protected:
  std::string state() {
    return value("SELECT concat_ws(' ', state, reset_cursor, load_reason) FROM outbox.subscription");
  }
  // As a producer does with the first acknowledgement of the session that reloads, ...
  void load_begins() {
    application.query(
        "UPDATE outbox.subscription SET state = 'active', load_reason = NULL, load_required_at = NULL, "
        "reset_cursor = false, acked_at = now(), "
        R"(load = '{"topic": "public.a", "rows": 500, "estimated_rows": 1000, "tables_left": 1}')");
  }
  // ... and with that of the last chunk.
  void load_ends() { application.query("UPDATE outbox.subscription SET load = NULL"); }
};

TEST_F(CliResetCursor, IsWrittenDownWithWhoAskedForIt) {
  const auto said = mailboat({"load", "shop", "--reset-cursor", "--yes"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "all tables of subscription shop are loaded in place as soon as a consumer is connected\n"
            "mailboat status shows how it goes\n");
  EXPECT_EQ(state().find("needs_load t its cursor was reset by "), 0U) << state();
  EXPECT_TRUE(contains(state(), " as ")) << state();
  EXPECT_EQ(value("SELECT count(*) FROM outbox.operation"), "0");
}

TEST_F(CliResetCursor, AsksForTheNameOfTheSubscription) {
  const std::vector<std::string> reset{"load", "shop", "--reset-cursor"};
  expect_failed(reset, "no terminal to ask at. Say --yes; nothing has been changed");
  for (const auto* answer : {"yes\n", "\n", "", "shop2\n"}) {
    const auto said = mailboat_asks(answer, reset);
    EXPECT_EQ(said.code, ExitCode::Failed);
    EXPECT_TRUE(contains(said.err, "load all its tables again in place. Type shop to go on: ")) << said.err;
    EXPECT_TRUE(contains(said.err, "nothing has been changed")) << said.err;
  }
  EXPECT_EQ(state(), "active f");
  EXPECT_EQ(mailboat_asks("shop\n", reset).code, ExitCode::Done);
  EXPECT_EQ(state().find("needs_load t"), 0U) << state();
}

TEST_F(CliResetCursor, RefusesWhatDoesNotFitIt) {
  expect_failed({"load", "nobody", "--reset-cursor", "--yes"}, "there is no subscription \"nobody\"");
  expect_usage({"load", "shop", "--reset-cursor", "--tables", "a"}, "leave out --tables");
  expect_usage({"load", "shop", "--yes"}, "only --reset-cursor asks");
  EXPECT_EQ(state(), "active f");
}

TEST_F(CliResetCursor, WaitsUntilTheLastTableIsLoaded) {
  consumer_leaves();
  Process load(
      {program("mailboat"), "--postgres", conninfo, "load", "shop", "--reset-cursor", "--yes", "--wait"});
  EXPECT_TRUE(load.wait_for_output("no mailboat-consumer of subscription shop is connected"))
      << load.errors();
  producer.query("SELECT pg_advisory_lock(1835162485, id) FROM outbox.subscription");
  load_begins();
  EXPECT_TRUE(load.wait_for_output("load of public.a, then 1 more: 500 of about 1,000 rows (50 %)"))
      << load.errors();
  load_ends();
  EXPECT_EQ(load.wait(std::chrono::seconds(30)), 0) << load.errors();
  EXPECT_TRUE(contains(load.output(), "all tables of subscription shop are loaded\n")) << load.output();
}

TEST_F(CliResetCursor, LeavesTheLoadAloneWhenTheWaitIsInterrupted) {
  consumer_leaves();
  Process load(
      {program("mailboat"), "--postgres", conninfo, "load", "shop", "--reset-cursor", "--yes", "--wait"});
  ASSERT_TRUE(load.wait_for_output("no mailboat-consumer")) << load.errors();
  load.kill(SIGINT);
  EXPECT_EQ(load.wait(std::chrono::seconds(30)), 1) << load.errors();
  EXPECT_TRUE(contains(load.errors(), "goes on: mailboat status shows")) << load.errors();
  EXPECT_EQ(state().find("needs_load t"), 0U) << state();
}

}  // namespace
}  // namespace mailboat::test
