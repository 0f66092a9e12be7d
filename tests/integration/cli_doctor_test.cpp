#include "cli/doctor.hpp"
#include "tests/integration/cli_fixture.hpp"

namespace mailboat::test {
namespace {

class CliDoctor : public CliTest {
 protected:
  void SetUp() override {
    done({"migrate"});
    application.query("CREATE TABLE t (id int PRIMARY KEY, secret text, note text)");
    done({"track", "t", "--exclude", "secret"});
  }

  void expect_problem(const std::string& text, const std::string& remedy) {
    const auto said = mailboat({"doctor"});
    EXPECT_EQ(said.code, ExitCode::Failed) << said.out << said.err;
    EXPECT_TRUE(contains(said.out, "problem")) << said.out;
    EXPECT_TRUE(contains(said.out, text)) << said.out;
    EXPECT_TRUE(contains(said.out, remedy)) << said.out;
  }

  void expect_healthy() {
    const auto said = mailboat({"doctor"});
    EXPECT_EQ(said.code, ExitCode::Done) << said.out << said.err;
    EXPECT_FALSE(contains(said.out, "problem")) << said.out;
  }

  // As on a server where only a superuser could install them, and none did.
  void without_event_triggers(const std::string& sql) {
    application.query(
        "DROP EVENT TRIGGER outbox_ddl_end; DROP EVENT TRIGGER outbox_table_rewrite; "
        "DROP EVENT TRIGGER outbox_drop; " +
        sql);
  }
};

TEST_F(CliDoctor, FindsNothingWrongWithAFreshInstallation) {
  const auto said = mailboat({"doctor"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.out << said.err;
  EXPECT_FALSE(contains(said.out, "problem")) << said.out;
  EXPECT_FALSE(contains(said.out, "warning")) << said.out;
  EXPECT_TRUE(contains(said.out, "public.t: captured by row")) << said.out;
}

TEST_F(CliDoctor, StaysHealthyThroughSchemaChangesThatAreFollowed) {
  application.query(
      "ALTER TABLE t ADD COLUMN extra int DEFAULT 1; ALTER TABLE t RENAME COLUMN note TO remark; "
      "ALTER TABLE t DROP COLUMN extra; ALTER TABLE t RENAME TO u");
  expect_healthy();
}

TEST_F(CliDoctor, StaysHealthyForPartitionedTablesAndStatementCapture) {
  application.query(
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); "
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); "
      "CREATE TABLE s (id int PRIMARY KEY)");
  done({"track", "p"});
  done({"track", "s", "--capture", "statement"});
  expect_healthy();
}

TEST_F(CliDoctor, SeesDisabledRowTriggersAndItsRemedyWorks) {
  application.query("ALTER TABLE t DISABLE TRIGGER \"outbox_capture_row\"");
  expect_problem(
      "public.t: capture triggers are missing or disabled",
      "mailboat untrack public.t && mailboat track public.t --key id --exclude secret --capture row");
  done({"untrack", "public.t"});
  done({"track", "public.t", "--key", "id", "--exclude", "secret", "--capture", "row"});
  expect_healthy();
}

TEST_F(CliDoctor, SeesADroppedTruncateTrigger) {
  application.query("DROP TRIGGER \"outbox_capture_truncate\" ON t");
  expect_problem("public.t: the TRUNCATE trigger is missing or disabled", "mailboat track public.t");
}

TEST_F(CliDoctor, SeesColumnsThatTheLogDoesNotDescribe) {
  without_event_triggers("ALTER TABLE t ADD COLUMN extra int");
  expect_problem("public.t: its columns are not those that the log describes", "mailboat track public.t");
  done({"track", "t"});
  expect_healthy();
}

TEST_F(CliDoctor, SeesAKeyThatIsNotUniqueAnyMore) {
  without_event_triggers("ALTER TABLE t DROP CONSTRAINT t_pkey");
  expect_problem("public.t: the key (id) is not unique and not null any more",
                 "mailboat track public.t --key");
}

TEST_F(CliDoctor, SeesCaptureThatHasGoneBlind) {
  application.query("ALTER TABLE t DROP CONSTRAINT t_pkey");
  expect_problem("public.t: changes are logged without their content", "mailboat track public.t");
}

TEST_F(CliDoctor, SeesATableThatIsGone) {
  without_event_triggers("DROP TABLE t");
  expect_problem("public.t: the table is gone", "DELETE FROM outbox.tracked WHERE topic = 'public.t'");
}

TEST_F(CliDoctor, ListsWhatReplicasDoNotKeepOfEachColumn) {
  application.query(
      "CREATE TYPE place AS (tags text[]); CREATE TABLE u (id int PRIMARY KEY, price numeric(10,2), total "
      "numeric(9,1), "
      "doc jsonb, secret json, spot place)");
  done({"track", "u", "--exclude", "secret"});
  const auto said = mailboat({"doctor"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.out << said.err;
  EXPECT_TRUE(contains(said.out, "note  types")) << said.out;
  EXPECT_TRUE(contains(
      said.out,
      "public.u: not kept by replicas: price, total: zeros at the end (12.50 is 12.5); doc: JSON null "
      "(becomes NULL); spot: array bounds other than 1"))
      << said.out;
  EXPECT_FALSE(contains(said.out, "public.t: not kept")) << said.out;
}

TEST_F(CliDoctor, SeesDisabledEventTriggers) {
  application.query("ALTER EVENT TRIGGER outbox_ddl_end DISABLE");
  expect_problem("event triggers of the schema outbox are disabled", "ENABLE ALWAYS");
}

TEST_F(CliDoctor, MissingEventTriggersAreAWarningThatNamesTheHabit) {
  without_event_triggers("");
  const auto said = mailboat({"doctor"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.out;
  EXPECT_TRUE(contains(said.out, "warning  event triggers")) << said.out;
  EXPECT_TRUE(contains(said.out, "After each ALTER TABLE")) << said.out;
}

TEST_F(CliDoctor, WarnsOfLongTransactionsAndMuchRetained) {
  postgres::Connection idle(conninfo, "forgotten");
  const postgres::Transaction transaction(idle, postgres::Transaction::Kind::ReadWrite,
                                          "SELECT pg_backend_pid()");
  const auto pid = std::string(transaction.first_rows().text(0, 0));
  bool found = false;
  bool retained = false;
  const cli::Limits limits{.transaction_age = std::chrono::seconds(0), .retained_bytes = 1};
  for (const auto& finding : cli::examine(application, limits)) {
    found = found || (finding.severity == cli::Severity::Warning && finding.check == "long transaction" &&
                      contains(finding.text, "forgotten") &&
                      contains(finding.remedy, "pg_terminate_backend(" + pid + ")"));
    retained = retained || (finding.severity == cli::Severity::Warning && finding.check == "retained");
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(retained);
}

TEST(CliDoctorSettings, WarnsOfPreparedTransactions) {
  Cluster cluster({.settings = {"max_prepared_transactions=2"}});
  const auto conninfo = cluster.create_database();
  ASSERT_EQ(mailboat(conninfo, {"migrate"}).code, ExitCode::Done);
  postgres::Connection connection(conninfo, "application");
  connection.query("CREATE TABLE t (id int)");
  connection.query("BEGIN");
  connection.query("INSERT INTO t VALUES (1)");
  connection.query("PREPARE TRANSACTION 'left behind'");
  std::string warned;
  for (const auto& finding : cli::examine(connection, {.transaction_age = std::chrono::seconds(0)})) {
    if (finding.severity == cli::Severity::Warning) warned += finding.check + ": " + finding.remedy + "\n";
  }
  EXPECT_TRUE(contains(warned, "wake-up: Set it to 0")) << warned;
  EXPECT_TRUE(contains(warned, "ROLLBACK PREPARED 'left behind'")) << warned;
}

TEST_F(CliDoctor, CountsOnlyMembersThatHaveTheRightsOfTheProducerRole) {
  application.query(
      "CREATE ROLE can_produce; GRANT outbox_producer TO can_produce;"
      "CREATE ROLE only_administers NOINHERIT; GRANT outbox_producer TO only_administers WITH ADMIN OPTION");
  const auto said = mailboat({"doctor"});
  EXPECT_TRUE(contains(said.out, "can_produce")) << said.out;
  EXPECT_FALSE(contains(said.out, "only_administers")) << said.out;
}

TEST_F(CliDoctor, RoleThatMayNotCheckEverythingIsToldSo) {
  application.query(
      "DO $$ BEGIN CREATE ROLE auditor LOGIN IN ROLE outbox_producer; "
      "EXCEPTION WHEN duplicate_object THEN END $$");
  const auto said = test::mailboat(conninfo + " user=auditor", {"doctor"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.out << said.err;
  EXPECT_TRUE(contains(said.out, "could not be checked")) << said.out;
}

TEST_F(CliDoctor, JsonHoldsTheSameFindings) {
  application.query("ALTER TABLE t DISABLE TRIGGER ALL");
  const auto said = mailboat({"doctor", "--json"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out,
                       "      \"severity\": \"problem\",\n      \"check\": \"capture\",\n      \"text\": "
                       "\"public.t: capture triggers are missing or disabled"))
      << said.out;
  EXPECT_TRUE(contains(said.out, "\"remedy\": null")) << said.out;
}

}  // namespace
}  // namespace mailboat::test
