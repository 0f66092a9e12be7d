// Recording what a replica could not apply, what became of retries, and what an operator decides.
#include <gmock/gmock.h>

#include "tests/integration/task_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RejectionRecord : public Tasks {};

TEST_F(RejectionRecord, IsTheSameHoweverOftenItIsReported) {
  reject("1, 2");
  const auto before = value("SELECT json_agg(r)::text FROM outbox.rejection r");
  reject("2, 1", "said otherwise");
  EXPECT_EQ(value("SELECT json_agg(r)::text FROM outbox.rejection r"), before);
  EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count, last_error)"), "retrying 0 refused");
  EXPECT_EQ(task("1", "next_attempt_at > first_failed_at"), "t");
  EXPECT_THAT(history("1"), ElementsAre("rejected"));
}

TEST_F(RejectionRecord, TakesTheLastWordAboutAnEventThatIsReportedTwiceAtOnce) {
  sql("SELECT outbox.reject('s', '{1, 1}', ARRAY[txid, txid], '{first, second}') FROM outbox.event WHERE id "
      "= 1");
  EXPECT_EQ(task("1", "last_error"), "second");
}

TEST_F(RejectionRecord, BeginsAnewWhenACompletedEventIsReportedAgain) {
  reject("1");
  retried("1", "rejected");
  retried("1", "applied");
  EXPECT_EQ(task("1", "concat_ws(' ', status, completed_at IS NOT NULL, superseded)"), "completed t f");
  reject("1", "an older file");
  EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count, last_error, completed_at IS NULL)"),
            "retrying 0 an older file t");
  EXPECT_THAT(history("1"), ElementsAre("rejected", "retry failed", "completed", "rejected"));
}

TEST_F(RejectionRecord, LeavesWhatWasFailedOrDiscardedAsItIs) {
  reject("1, 2");
  fail_for_good("1");
  sql("SELECT outbox.discard_failed('s', '{2}', 'me')");
  reject("1, 2");
  EXPECT_EQ(task("1", "status"), "failed");
  EXPECT_EQ(task("2", "status"), "discarded");
}

TEST_F(RejectionRecord, GoesWithItsSubscriptionAndKeepsToIt) {
  sql("SELECT outbox.subscribe('other', 'now')");
  reject("1");
  reject("1", "refused", "other");
  retried("1", "applied");
  EXPECT_EQ(value("SELECT status FROM outbox.rejection WHERE subscription = 'other'"), "retrying");
  sql("UPDATE outbox.subscription SET name = 'renamed' WHERE name = 'other'");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection_history WHERE subscription = 'renamed'"), "1");
  sql("SELECT outbox.unsubscribe('renamed')");
  EXPECT_EQ(value("SELECT string_agg(DISTINCT subscription, ' ') FROM outbox.rejection"), "s");
}

class Retrying : public Tasks {
 protected:
  // Seconds until the next attempt as of the last decision.
  double pause(const std::string& id) {
    return std::stod(
        value("SELECT extract(epoch FROM next_attempt_at - greatest(first_failed_at, (SELECT "
              "max(at) FROM outbox.rejection_history h WHERE h.event_id = r.event_id))) FROM "
              "outbox.rejection r WHERE event_id = " +
              id));
  }
};

TEST_F(Retrying, PausesDoubleUpToTheLongestWithHalfOfThemAtRandom) {
  sql("SELECT outbox.configure('s', max_attempts => 100, retry_delay_max => '35 s')");
  reject("1");
  constexpr double slack = 1;  // between the statement's time and the history's
  for (const double full : {10., 20., 35., 35.}) {
    EXPECT_GE(pause("1"), full / 2 - slack);
    EXPECT_LE(pause("1"), full);
    retried("1", "rejected");
  }
  sql("UPDATE outbox.rejection SET retry_count = 90");
  retried("1", "rejected");
  EXPECT_LE(pause("1"), 35) << "a large power of two";
}

TEST_F(Retrying, WhatFailedTogetherDoesNotComeBackTogether) {
  publish(100);
  reject(value("SELECT string_agg(id::text, ',') FROM outbox.event"));
  EXPECT_GT(std::stoi(value("SELECT count(DISTINCT next_attempt_at) FROM outbox.rejection")), 90);
}

TEST_F(Retrying, EndsAsFailedAfterMaxAttempts) {
  reject("1");
  for (int attempt = 1; attempt < 5; ++attempt) {
    retried("1", "rejected", "attempt " + std::to_string(attempt));
    EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count, last_error)"),
              "retrying " + std::to_string(attempt) + " attempt " + std::to_string(attempt));
  }
  retried("1", "rejected", "the last one");
  EXPECT_EQ(task("1",
                 "concat_ws(' ', status, retry_count, last_error, failed_at IS NOT NULL, "
                 "next_attempt_at IS NULL)"),
            "failed 5 the last one t t");
  retried("1", "rejected", "late");
  EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count, last_error)"), "failed 5 the last one");
}

TEST_F(Retrying, EndsAsCompletedWhenAppliedOrSuperseded) {
  reject("1, 2");
  sql("SELECT outbox.record_retries('s', '{1, 2, 77}', '{applied, superseded, applied}', NULL)");
  EXPECT_EQ(task("1", "concat_ws(' ', status, superseded, next_attempt_at IS NULL)"), "completed f t");
  EXPECT_EQ(task("2", "concat_ws(' ', status, superseded)"), "completed t");
  EXPECT_THAT(history("2"), ElementsAre("rejected", "superseded"));
  retried("1", "rejected");
  EXPECT_EQ(task("1", "status"), "completed");
}

TEST_F(Retrying, EndsAtOnceWhenTheEventCanNoLongerBeSent) {
  reject("1");
  retried("1", "lost", "no longer in the log");
  EXPECT_EQ(task("1", "concat_ws(': ', status, last_error)"), "failed: no longer in the log");
}

TEST_F(Retrying, LateResultsDoNotUndoADecision) {
  reject("1, 2, 3");
  sql("SELECT outbox.discard_failed('s', '{1, 2}', 'me')");
  retried("1", "rejected");
  EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count)"), "discarded 0");
  retried("2", "applied");
  EXPECT_EQ(task("2", "status"), "completed") << "the replica has it, whatever was decided";
  fail_for_good("3");
  retried("3", "superseded");
  EXPECT_EQ(task("3", "concat_ws(' ', status, superseded)"), "completed t");
}

class Decision : public Tasks {};

TEST_F(Decision, RetryBeginsAnewAtOnceAndKeepsWhoWantedIt) {
  reject("1, 2, 3");
  fail_for_good("1");
  sql("SELECT outbox.discard_failed('s', '{2}', 'ann')");
  retried("3", "applied");
  EXPECT_EQ(value("SELECT outbox.retry_failed('s', '{1, 2, 3, 77}', 'bob')"), "2");
  for (const std::string id : {"1", "2"}) {
    EXPECT_EQ(
        task(id,
             "concat_ws(' ', status, retry_count, next_attempt_at <= now(), failed_at IS NULL, decided_by)"),
        "retrying 0 t t bob");
  }
  EXPECT_EQ(task("3", "status"), "completed");
  EXPECT_EQ(value("SELECT string_agg(what || ' by ' || decided_by, ', ' ORDER BY id) FROM "
                  "outbox.rejection_history WHERE event_id = 2 AND decided_by IS NOT NULL"),
            "discarded by ann, retry requested by bob");
}

TEST_F(Decision, DiscardTakesOpenTasksOnly) {
  reject("1, 2, 3");
  fail_for_good("1");
  retried("3", "applied");
  EXPECT_EQ(value("SELECT outbox.discard_failed('s', '{1, 2, 3}', NULL)"), "2");
  EXPECT_EQ(task("2",
                 "concat_ws(' ', status, decided_by = session_user, decided_at IS NOT NULL, "
                 "next_attempt_at IS NULL)"),
            "discarded t t t");
  EXPECT_EQ(value("SELECT outbox.discard_failed('s', '{1, 2, 3}', 'me')"), "0");
}

TEST_F(Decision, RetryWakesAProducerThatSleeps) {
  reject("1");
  postgres::Connection producer(conninfo, "producer");
  producer.query("SELECT pg_advisory_lock(1835162484, 1)");
  producer.listen("outbox_wakeup");
  sql("SELECT outbox.retry_failed('s', '{1}', 'me')");
  EXPECT_TRUE(producer.wait_for_notification(std::chrono::seconds(10)));
}

class Configuration : public Tasks {};

TEST_F(Configuration, ChangesWhatIsNamedAndLeavesTheRest) {
  sql("SELECT outbox.configure('s', max_attempts => 1)");
  sql("SELECT outbox.configure('s', retry_delay => '2 s', retry_delay_max => '1 h')");
  EXPECT_EQ(
      value("SELECT concat_ws(' ', max_attempts, retry_delay, retry_delay_max) FROM outbox.subscription"),
      "1 00:00:02 01:00:00");
  reject("1");
  retried("1", "rejected");
  EXPECT_EQ(task("1", "status"), "failed");
}

TEST_F(Configuration, RefusesWhatMakesNoSense) {
  EXPECT_THAT(refusal("SELECT outbox.configure('s', max_attempts => 0)"),
              AllOf(HasSubstr("max_attempts cannot be 0"), HasSubstr("Use 1 or more")));
  for (const std::string wrong : {"retry_delay => '0 s'", "retry_delay => '-1 s'", "retry_delay => '1 h'",
                                  "retry_delay_max => '1 s'", "retry_delay_max => '2 years'"}) {
    EXPECT_THAT(refusal("SELECT outbox.configure('s', " + wrong + ")"),
                AllOf(HasSubstr("retries cannot wait from"), HasSubstr("between it and a year")));
  }
}

TEST_F(Configuration, EveryFunctionNamesAnUnknownSubscriptionAndWhereToLook) {
  for (const std::string call :
       {"reject('nobody', '{1}', '{1}', '{x}')", "record_retries('nobody', '{1}', '{applied}', '{x}')",
        "retry_failed('nobody', '{1}', 'me')", "discard_failed('nobody', '{1}', 'me')",
        "configure('nobody')"}) {
    EXPECT_THAT(refusal("SELECT outbox." + call),
                AllOf(HasSubstr("there is no subscription \"nobody\""), HasSubstr("mailboat status")));
  }
  EXPECT_THAT(refusal("SELECT outbox.retry_failed(NULL, '{1}', 'me')"), HasSubstr("no subscription NULL"));
  reject("1");
  EXPECT_THAT(refusal("SELECT outbox.record_retries('s', '{1}', '{perhaps}', '{x}')"),
              AllOf(HasSubstr("a retry cannot end as 'perhaps'"), HasSubstr("Use applied")));
}

class TaskPrivilege : public Tasks {};

TEST_F(TaskPrivilege, ProducerRoleRecordsButDoesNotDecide) {
  sql("CREATE TABLE undone (id int); GRANT SELECT ON undone TO PUBLIC;"
      "CREATE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE sql SECURITY DEFINER"
      " SET search_path = public, pg_temp AS $$ INSERT INTO undone VALUES (($3 ->> 'id')::int) $$;"
      "REVOKE EXECUTE ON FUNCTION undo FROM PUBLIC;"
      "SELECT outbox.on_failed('app', 'undo(text,bigint,json,text)')");
  sql("SET ROLE " + create_role("IN ROLE outbox_producer"));
  reject("1, 2");
  reject("1, 2");
  fail_for_good("1");
  retried("2", "superseded");
  reject("2");
  sql("UPDATE outbox.subscription SET trouble = 'x', trouble_since = now()");
  EXPECT_EQ(task("1", "concat_ws(' ', status, compensated_at IS NOT NULL)"), "failed t");
  EXPECT_EQ(value("SELECT string_agg(id::text, ',') FROM undone"), "1");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.task"), "3");
  for (const std::string statement :
       {"SELECT outbox.retry_failed('s', '{1}', 'me')", "SELECT outbox.discard_failed('s', '{1}', 'me')",
        "SELECT outbox.configure('s', 1)", "SELECT outbox.on_failed('app', NULL)",
        "DELETE FROM outbox.rejection", "UPDATE outbox.rejection SET decided_by = 'x'",
        "DELETE FROM outbox.rejection_history", "UPDATE outbox.subscription SET max_attempts = 1",
        "INSERT INTO outbox.compensation VALUES ('a', 0)"}) {
    EXPECT_THAT(refusal(statement), HasSubstr("permission denied"));
  }
}

TEST_F(TaskPrivilege, EverybodyElseMayDoNothing) {
  sql("SET ROLE " + create_role());
  for (const std::string statement :
       {"SELECT * FROM outbox.task", "SELECT * FROM outbox.rejection",
        "SELECT * FROM outbox.rejection_history", "SELECT * FROM outbox.compensation",
        "SELECT outbox.reject('s', '{}', '{}', '{}')", "SELECT outbox.record_retries('s', '{}', '{}', '{}')",
        "SELECT outbox.retry_failed('s', '{1}', 'me')", "SELECT outbox.discard_failed('s', '{1}', 'me')",
        "SELECT outbox.configure('s')", "SELECT outbox.on_failed('app', NULL)"}) {
    EXPECT_THAT(refusal(statement), HasSubstr("permission denied"));
  }
}

}  // namespace
}  // namespace mailboat::test
