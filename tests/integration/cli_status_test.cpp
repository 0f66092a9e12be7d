#include <regex>

#include "producer/subscription_status.hpp"
#include "tests/integration/cli_fixture.hpp"

namespace mailboat::test {
namespace {

class CliStatus : public CliTest {
 protected:
  void SetUp() override {
    done({"migrate"});
    application.query("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
    done({"track", "a", "b"});
  }

  // As a producer does once the replica has applied everything that is visible now.
  void acknowledge(const std::string& name) {
    application.query(
        "UPDATE outbox.subscription SET snapshot = pg_current_snapshot(), acked_at = now(), "
        "acked_event_id = (SELECT max(id) FROM outbox.event) WHERE name = $1",
        {name});
  }

  SubscriptionStatus status(const std::string& name) {
    for (auto& found : read_subscription_status(application)) {
      if (found.name == name) return found;
    }
    throw std::runtime_error("no status of " + name);
  }
};

TEST_F(CliStatus, TellsHowToMakeTheFirstSubscription) {
  EXPECT_TRUE(contains(mailboat({"status"}).out, "mailboat subscribe NAME"));
  EXPECT_TRUE(contains(mailboat({"status", "--json"}).out, "{\n  \"subscriptions\": [],\n"));
}

TEST_F(CliStatus, TellsHowMuchTheLogHoldsAndWhoKeepsIt) {
  done({"subscribe", "away", "--start", "now"});
  EXPECT_TRUE(contains(mailboat({"status"}).out, " in 1 partition\n"));
  application.query(
      "DROP TABLE outbox.event_500001_1000000, outbox.event_1000001_999999999999; ALTER TABLE outbox.event "
      "DETACH PARTITION outbox.event_1_500000; ALTER TABLE outbox.event ATTACH PARTITION "
      "outbox.event_1_500000 FOR VALUES FROM (MINVALUE) TO (10); SELECT outbox.arrange_partitions('{}', "
      "'{10}'); INSERT INTO a SELECT generate_series(1, 12)");
  const auto shown = mailboat({"status"}).out;
  EXPECT_TRUE(contains(shown, " in 2 partitions; away keeps ")) << shown;
  EXPECT_TRUE(contains(shown, " (not acknowledged)\n")) << shown;
  const auto json = mailboat({"status", "--json"}).out;
  EXPECT_TRUE(contains(json, "\"kept\": false")) << json;
  EXPECT_TRUE(contains(json, "\"what\": \"cursor\"")) << json;
  acknowledge("away");
  EXPECT_TRUE(contains(mailboat({"status"}).out, " in 2 partitions\n"));
}

TEST_F(CliStatus, LagIsTheCommittedEventsOfItsTopicsThatAreNotAcknowledged) {
  done({"subscribe", "all", "--start", "now"});
  done({"subscribe", "only-a", "--start", "now", "--topics", "public.a"});
  application.query("INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1)");
  EXPECT_EQ(status("all").lag_events, 3);
  EXPECT_EQ(status("only-a").lag_events, 2);
  EXPECT_GE(status("all").lag_seconds, 0);
  acknowledge("all");
  EXPECT_EQ(status("all").lag_events, 0);
  EXPECT_EQ(status("all").lag_seconds, 0);
  EXPECT_EQ(status("only-a").lag_events, 2);
}

TEST_F(CliStatus, LagHoldsWhatCommittedAfterAnAcknowledgementAlthoughItBeganBefore) {
  done({"subscribe", "s", "--start", "now"});
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, postgres::Transaction::Kind::ReadWrite);
  transaction.query("INSERT INTO a VALUES (10), (11)");
  application.query("INSERT INTO a VALUES (12)");
  acknowledge("s");
  EXPECT_EQ(status("s").lag_events, 0) << "counts what is not committed";
  transaction.commit();
  EXPECT_EQ(status("s").lag_events, 2) << "forgets the transactions that were in progress";
}

TEST_F(CliStatus, LagInSecondsIsTheAgeOfTheOldestEvent) {
  done({"subscribe", "s", "--start", "now"});
  application.query("INSERT INTO a VALUES (1), (2)");
  application.query(
      "UPDATE outbox.event SET created_at = now() - interval '100 s' WHERE payload ->> 'id' = '2'");
  EXPECT_NEAR(status("s").lag_seconds, 100, 30);
}

TEST_F(CliStatus, ConsumerIsConnectedWhileAProducerHoldsItsLock) {
  done({"subscribe", "s"});
  done({"subscribe", "t"});
  postgres::Connection producer(conninfo, "producer");
  producer.query("SELECT pg_advisory_lock(1835162485, id) FROM outbox.subscription WHERE name = 's'");
  EXPECT_TRUE(status("s").connected);
  EXPECT_FALSE(status("t").connected);
  producer.query("SELECT pg_advisory_unlock_all()");
  EXPECT_FALSE(status("s").connected);
}

TEST_F(CliStatus, LockInAnotherDatabaseDoesNotCount) {
  done({"subscribe", "s"});
  postgres::Connection elsewhere(shared_cluster().create_database(), "elsewhere");
  elsewhere.query("SELECT pg_advisory_lock(1835162485, g) FROM generate_series(1, 10) g");
  EXPECT_FALSE(status("s").connected);
}

TEST_F(CliStatus, TableShowsEachSubscriptionByName) {
  done({"subscribe", "zebra", "--start", "now"});
  done({"subscribe", "ant"});
  application.query("INSERT INTO a SELECT g FROM generate_series(1, 1234) g");
  acknowledge("zebra");
  application.query(
      "UPDATE outbox.subscription SET load = '{\"topic\": \"public.a\", \"rows\": 1500, "
      "\"estimated_rows\": 6000, \"tables_left\": 2}' WHERE name = 'ant'");
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(std::regex_match(
      out, std::regex("NAME +STATE +CONSUMER +LAG +BEHIND +ACKNOWLEDGED +TASKS +LOAD\n"
                      "ant +active +away +1,234 events +[0-9.]+ s +never +- +"
                      "public\\.a, then 2 more: 1,500 of about 6,000 rows \\(25 %\\)\n"
                      "zebra +active +away +0 events +0\\.0 s +[0-9.]+ s ago, event 1,236 +- +-\n"
                      "the log holds [0-9.]+ KiB in 1 partition\n")))
      << out;
}

TEST_F(CliStatus, JsonIsStable) {
  done({"subscribe", "s", "--topics", "public.a,public.b"});
  application.query(
      "UPDATE outbox.subscription SET acked_at = '2024-02-29 12:34:56.789+00', acked_event_id = 7, "
      "load = '{\"topic\": \"public.b\", \"rows\": 5, \"estimated_rows\": 9, \"tables_left\": 0}'");
  const auto out = mailboat({"status", "--json"}).out;
  EXPECT_EQ(std::regex_replace(out, std::regex("\"bytes\": [0-9]+"), "\"bytes\": N"), R"({
  "subscriptions": [
    {
      "name": "s",
      "state": "active",
      "start": "load",
      "topics": [
        "public.a",
        "public.b"
      ],
      "columns": {},
      "connected": false,
      "lag_events": 0,
      "lag_seconds": 0.000,
      "acked_at": "2024-02-29T12:34:56.789Z",
      "acked_event_id": 7,
      "load": {
        "topic": "public.b",
        "rows": 5,
        "estimated_rows": 9,
        "tables_left": 0,
        "rows_per_second": 0.000,
        "seconds_left": null
      },
      "tasks_retrying": 0,
      "tasks_failed": 0,
      "oldest_task_seconds": null,
      "trouble": null,
      "trouble_seconds": null,
      "load_reason": null,
      "operations": [],
      "tables": [
        {
          "topic": "public.a",
          "verified_at": null,
          "verified_through": null
        },
        {
          "topic": "public.b",
          "verified_at": null,
          "verified_through": null
        }
      ]
    }
  ],
  "log": {
    "bytes": N,
    "partitions": 1,
    "kept": false,
    "held": []
  }
}
)");
}

TEST_F(CliStatus, TasksAreTheOpenOnesWithTheAgeOfTheOldest) {
  done({"subscribe", "s", "--start", "now"});
  done({"subscribe", "well", "--start", "now"});
  application.query(
      "SELECT outbox.reject('s', '{1, 2, 3, 4, 5}', '{1, 1, 1, 1, 1}', '{x, x, x, x, x}');"
      "SELECT outbox.record_retries('s', '{1, 2}', '{applied, lost}', NULL);"
      "SELECT outbox.discard_failed('s', '{3}', 'me');"
      "UPDATE outbox.rejection SET first_failed_at = now() - event_id * interval '100 s'");
  application.query(
      "UPDATE outbox.rejection SET first_failed_at = now() - interval '1 d' WHERE event_id IN (1, 3)");
  const auto tasks = status("s").tasks;
  EXPECT_EQ(tasks.retrying, 2);
  EXPECT_EQ(tasks.failed, 1);
  EXPECT_NEAR(tasks.oldest_seconds.value_or(0), 500, 30);
  EXPECT_FALSE(status("well").tasks.oldest_seconds.has_value());
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out, "2 retrying, 1 failed, oldest 8 min")) << out;
  const auto json = mailboat({"status", "--json"}).out;
  EXPECT_TRUE(contains(json, "\"tasks_retrying\": 2,\n      \"tasks_failed\": 1,\n")) << json;
}

TEST_F(CliStatus, TroubleStandsInALineOfItsOwnUnderTheTable) {
  done({"subscribe", "replica", "--start", "now"});
  application.query(
      "UPDATE outbox.subscription SET trouble = 'cannot write to /data/r.db: disk full', "
      "trouble_since = now() - interval '3 min'");
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out, "\nreplica: cannot write to /data/r.db: disk full (since 3 min)\n")) << out;
  const auto json = mailboat({"status", "--json"}).out;
  EXPECT_TRUE(contains(
      json, "\"trouble\": \"cannot write to /data/r.db: disk full\",\n      \"trouble_seconds\": 18"))
      << json;
}

TEST_F(CliStatus, ANeededLoadIsShownWithItsReason) {
  done({"subscribe", "replica"});
  application.query("SELECT outbox.require_load('replica', 'it was away for too long')");
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out, "needs_load")) << out;
  EXPECT_TRUE(contains(out, "\nreplica: every table is to be loaded: it was away for too long (since "))
      << out;
  const auto json = mailboat({"status", "--json"}).out;
  EXPECT_TRUE(contains(json, "\"load_reason\": \"it was away for too long\"")) << json;
}

TEST_F(CliStatus, MemberOfOutboxProducerMayLook) {
  done({"subscribe", "s"});
  application.query(
      "DO $$ BEGIN CREATE ROLE watcher LOGIN IN ROLE outbox_producer; "
      "EXCEPTION WHEN duplicate_object THEN END $$");
  const auto said = test::mailboat(conninfo + " user=watcher", {"status"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "s ")) << said.out;
}

}  // namespace
}  // namespace mailboat::test
