#include "tests/integration/cli_operation_fixture.hpp"

namespace mailboat::test {
namespace {

class CliReplay : public CliOperations {
 protected:
  // As a producer does once the replica has applied everything that is visible now.
  void acknowledge() {
    application.query("UPDATE outbox.subscription SET snapshot = pg_current_snapshot(), acked_at = now()");
  }

  void write(const std::string& statements) {
    application.query(statements);
    acknowledge();
  }

  struct Outcome {
    int sent = 0, applied = 0, superseded = 0, rejected = 0;
    std::string errors = "[]";
  };
  void replay_ends(const Outcome& outcome, const std::string& status = "completed") {
    application.query(
        "UPDATE outbox.replay SET sent = $1::bigint, applied = $2::bigint, superseded = $3::bigint, "
        "rejected = $4::bigint, errors = $5::jsonb",
        {std::to_string(outcome.sent), std::to_string(outcome.applied), std::to_string(outcome.superseded),
         std::to_string(outcome.rejected), outcome.errors});
    application.query(
        "UPDATE outbox.operation SET status = $1, started_at = now(), finished_at = now(), "
        "error = CASE WHEN $1 = 'failed' THEN 'the log is damaged' END",
        {status});
  }

  std::string would_send(std::vector<std::string> options) {
    options.insert(options.begin(), {"replay", "shop", "--dry-run"});
    const auto said = mailboat(std::move(options));
    EXPECT_EQ(said.code, ExitCode::Done) << said.err;
    EXPECT_EQ(value("SELECT count(*) FROM outbox.operation"), "0");
    return said.out;
  }

  std::string asked_for(const std::string& column) {
    return value("SELECT " + column + " FROM outbox.replay ORDER BY operation DESC LIMIT 1");
  }
};

TEST_F(CliReplay, DryRunCountsByTopicAndOpAndAsksForNothing) {
  write(
      "INSERT INTO a VALUES (1), (2), (3); UPDATE a SET id = id; DELETE FROM a WHERE id = 3; "
      "INSERT INTO b VALUES ('eu', '2026-01-01')");
  EXPECT_EQ(would_send({"--all"}),
            "TOPIC     OP      EVENTS\n"
            "public.a  delete  1\n"
            "public.a  insert  3\n"
            "public.a  update  3\n"
            "public.b  insert  1\n"
            "would send 8 events again; nothing has been asked for\n");
  EXPECT_TRUE(contains(would_send({"--topic", "public.b"}), "would send 1 event again"));
  EXPECT_EQ(value("SELECT $1::jsonb #>> '{parts,2,events}'", {would_send({"--all", "--json"})}), "3");
}

TEST_F(CliReplay, CountsOnlyWhatTheSubscriptionHasAcknowledged) {
  write("INSERT INTO a VALUES (1), (2)");
  application.query("INSERT INTO a VALUES (3)");
  EXPECT_TRUE(contains(would_send({"--all"}), "would send 2 events again"));
}

TEST_F(CliReplay, TakesARangeOfIdsWithBothEnds) {
  write("INSERT INTO a SELECT g FROM generate_series(1, 10) g");
  const auto first = std::stoll(value("SELECT min(id) FROM outbox.event WHERE op = 'I'"));
  const auto range =
      would_send({"--from-id", std::to_string(first + 2), "--to-id", std::to_string(first + 5)});
  EXPECT_TRUE(contains(range, "would send 4 events again")) << range;
}

TEST_F(CliReplay, TakesTimesAndDurations) {
  write("INSERT INTO a VALUES (1), (2), (3)");
  application.query(
      "UPDATE outbox.event SET created_at = now() - interval '1 d' * (payload ->> 'id')::int WHERE op = 'I'");
  EXPECT_TRUE(contains(would_send({"--since", "36h"}), "would send 1 event again"));
  EXPECT_TRUE(contains(would_send({"--since", "60h", "--until", "36h"}), "would send 1 event again"));
  const auto time = value("SELECT to_char(now() - interval '36 h', 'YYYY-MM-DD\"T\"HH24:MI:SSOF')");
  EXPECT_TRUE(contains(would_send({"--until", time}), "would send 2 events again"));
}

TEST_F(CliReplay, RefusesWhatIsNoTime) {
  for (const auto* text : {"yesteryear", "2026-13-01", "2 h", "infinity", ""})
    expect_failed({"replay", "shop", "--since", text},
                  "--since: '" + std::string(text) + "' is neither a time");
  expect_failed({"replay", "shop", "--since", "1h", "--until", "2h"}, " is later than --until ");
}

TEST_F(CliReplay, WantsToBeToldWhatToSend) {
  expect_usage({"replay", "shop"}, "which events?");
  expect_usage({"replay", "shop", "--all", "--topic", "public.a"}, "either --all or a restriction");
  expect_usage({"replay", "shop", "--key", "id=1"}, "--key needs the --topic");
  expect_usage({"replay", "shop", "--from-id", "0"}, "'0' is not the id of an event");
  expect_usage({"replay", "shop", "--from-id", "5", "--to-id", "4"}, "--from-id 5 is above --to-id 4");
  expect_usage({"replay", "shop", "--all", "--rate", "0"}, "--rate has to be above zero");
}

TEST_F(CliReplay, TakesTheKeyAsTheLogWritesIt) {
  write("INSERT INTO b VALUES ('a,b=c', '2026-01-02'), ('a,b=c', '2026-01-03'), ('x', '2026-01-02')");
  EXPECT_TRUE(contains(would_send({"--topic", "public.b", "--key", "region=a,b=c"}), "would send 2 events"));
  EXPECT_TRUE(
      contains(would_send({"--topic", "public.b", "--key", "region=a,b=c", "--key", "day=3 January 2026"}),
               "would send 1 event "));
  application.query("INSERT INTO a VALUES (7)");
  acknowledge();
  done({"replay", "shop", "--no-wait", "--topic", "public.a", "--key", "id=007"});
  EXPECT_EQ(asked_for("key"), "{\"id\": \"7\"}");
}

TEST_F(CliReplay, RefusesAKeyThatIsNone) {
  const auto key = [this](const std::string& pair, const std::string& part,
                          const std::string& topic = "public.b") {
    expect_failed({"replay", "shop", "--topic", topic, "--key", pair}, part);
  };
  key("id=1", "--key: id is not a key column of public.b (it has: region, day)");
  key("day", "--key: expected COLUMN=VALUE, got 'day'");
  key("day=soon", "--key: 'soon' is not a value of day, whose type is date");
  key("id=1", "--key: mail is not a tracked table", "mail");
}

TEST_F(CliReplay, SaysWhatTheLogDoesNotHoldAnyMoreAndWhatToDo) {
  write("INSERT INTO a VALUES (1), (2), (3)");
  application.query(
      "UPDATE outbox.event SET created_at = '2026-01-01 00:00:00+00'; DELETE FROM outbox.event WHERE op = "
      "'R' OR "
      "payload ->> 'id' = '1'");
  const auto oldest = value("SELECT min(id) FROM outbox.event");
  const auto sentence = "mailboat: the log begins with event " + oldest +
                        " of 2026-01-01T00:00:00.000000Z. What is older has to be read from the tables: "
                        "mailboat load shop";
  const auto said = [this](std::vector<std::string> options) {
    options.insert(options.begin(), {"replay", "shop", "--dry-run"});
    return mailboat(std::move(options)).err;
  };
  EXPECT_EQ(said({"--all"}), sentence + "\n");
  EXPECT_EQ(said({"--topic", "public.a"}), sentence + " --tables public.a\n");
  EXPECT_EQ(said({"--from-id", "1"}), sentence + "\n");
  EXPECT_EQ(said({"--since", "2025-12-31T23:00:00Z"}), sentence + "\n");
  EXPECT_EQ(said({"--from-id", oldest}), "");
  EXPECT_EQ(said({"--since", "2026-01-01T00:00:00Z"}), "");
  expect_failed({"replay", "shop", "--since", "1h"},
                "no event that subscription \"shop\" has acknowledged matches");
}

TEST_F(CliReplay, SaysWhyNothingMayHaveMatched) {
  write("INSERT INTO a VALUES (1)");
  expect_failed({"replay", "shop", "--topic", "a"}, "begins with its schema: --topic public.a");
  expect_failed({"replay", "shop", "--topic", "sign_up"}, "mailboat wait shop waits for that");
}

TEST_F(CliReplay, ReportsWhatHasBecomeOfTheEvents) {
  write("INSERT INTO a VALUES (1)");
  const auto said = mailboat_while({"replay", "shop", "--all", "--rate", "50"}, [this] {
    replay_ends({.sent = 1200, .applied = 1000, .superseded = 200});
  });
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "1,200 events sent: 1,000 applied, 200 already current, 0 rejected\nreplay 1 is complete\n");
  EXPECT_EQ(asked_for("rate"), "50");
}

TEST_F(CliReplay, EndsWithCodeOneWhenAnEventWasRejected) {
  write("INSERT INTO a VALUES (1)");
  const auto said = mailboat_while({"replay", "shop", "--all"}, [this] {
    replay_ends(
        {.sent = 3, .rejected = 3, .errors = R"([{"event_id": 7, "error": "UNIQUE constraint failed"}])"});
  });
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out,
                       "3 rejected\nevent 7: UNIQUE constraint failed\n2 more rejected events, not listed\n"))
      << said.out;
}

TEST_F(CliReplay, EndsWithCodeOneWhenItFails) {
  write("INSERT INTO a VALUES (1)");
  const auto said = mailboat_while({"replay", "shop", "--all"}, [this] { replay_ends({}, "failed"); });
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "replay 1 failed: the log is damaged\n")) << said.out;
}

}  // namespace
}  // namespace mailboat::test
