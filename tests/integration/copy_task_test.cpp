// Which tasks a subscription gets that begins with a copy of another one's replica.
#include <gmock/gmock.h>

#include "tests/integration/task_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class CopiedTasks : public Tasks {
 protected:
  /// What a replica's cursor would be now.
  std::string cursor() { return std::string(sql("SELECT pg_current_snapshot()").text(0, 0)); }
  /// How many tasks `n` has got; the sentence when it could not be made.
  std::string copy_at(const std::string& cursor, const std::string& original = "s") {
    try {
      return std::string(
          connection.query("SELECT outbox.subscribe_copy('n', $1, $2::pg_snapshot, 3)", {original, cursor})
              .text(0, 0));
    } catch (const postgres::StatementFailed& error) {
      return error.what();
    }
  }
  std::string copied(const std::string& id, const std::string& expression) {
    const auto rows =
        sql("SELECT " + expression + " FROM outbox.rejection WHERE subscription = 'n' AND event_id = " + id);
    return rows.empty() ? "no task" : std::string(rows.text(0, 0));
  }
  std::string story(const std::string& id, const std::string& subscription = "n") {
    return std::string(connection
                           .query("SELECT string_agg(what, ', ' ORDER BY id) FROM outbox.rejection_history"
                                  " WHERE subscription = $1 AND event_id = $2::bigint",
                                  {subscription, id})
                           .text(0, 0));
  }
};

TEST_F(CopiedTasks, ThatAreOpenStayWhatTheyAreWithTheirStories) {
  reject("1,2,3");
  retried("1", "rejected", "once more");
  fail_for_good("2");
  sql("SELECT outbox.discard_failed('s', '{3}', 'anna')");
  EXPECT_EQ(copy_at(cursor()), "3");
  const auto* const all =
      "concat_ws(' ', status, retry_count, last_error, next_attempt_at, first_failed_at, failed_at, "
      "decided_by, "
      "decided_at)";
  for (const auto* id : {"1", "2", "3"}) {
    EXPECT_EQ(copied(id, all), task(id, all));
    EXPECT_EQ(story(id), story(id, "s"));
  }
}

TEST_F(CopiedTasks, ComeOnlyForWhatTheCopyCovers) {
  const auto before = cursor();
  publish(1);
  reject("4");
  EXPECT_EQ(copy_at(before), "0") << "the window brings it";
}

TEST_F(CopiedTasks, LeaveOutWhatWasCompletedBeforeTheCopy) {
  reject("1,2");
  retried("1", "applied");
  retried("2", "superseded");
  EXPECT_EQ(copy_at(cursor()), "0");
}

TEST_F(CopiedTasks, BeginAnewWhereTheCopyMayBeOlderThanTheRetryThatCompletedThem) {
  reject("1");
  const auto before = cursor();
  retried("1", "rejected");
  retried("1", "applied");
  EXPECT_EQ(copy_at(before), "1");
  EXPECT_EQ(copied("1", "concat_ws(' ', status, retry_count, next_attempt_at <= now(), completed_at)"),
            "retrying 0 t");
  EXPECT_EQ(story("1"), "rejected, retry failed, completed, rejected");
  EXPECT_EQ(task("1", "status"), "completed");
}

TEST_F(CopiedTasks, LeaveOutWhatCanNoLongerBeTried) {
  reject("1");
  const auto before = cursor();
  retried("1", "applied");
  sql("DELETE FROM outbox.event WHERE id = 1");
  EXPECT_EQ(copy_at(before), "0") << "it would be marked failed, and compensated, without reason";
}

TEST_F(CopiedTasks, AreNotCompensatedAgain) {
  sql("CREATE TABLE undone (subscription text);"
      "CREATE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE sql SECURITY DEFINER"
      " SET search_path = public, pg_temp AS 'INSERT INTO undone VALUES ($1)';"
      "SELECT outbox.on_failed('app', 'undo(text,bigint,json,text)')");
  reject("1");
  fail_for_good("1");
  EXPECT_EQ(copy_at(cursor()), "1");
  EXPECT_EQ(copied("1", "compensated_at IS NOT NULL"), "t");
  EXPECT_EQ(sql("SELECT outbox.retry_failed('n', '{1}', 'anna')").int64(0, 0), 0);
  EXPECT_EQ(sql("SELECT string_agg(subscription, ',') FROM undone").text(0, 0), "s");
}

TEST_F(CopiedTasks, ComeWithTheSettingsOfTheOriginal) {
  sql("SELECT outbox.subscribe('t', 'earliest', '{app,public.u}');"
      "SELECT outbox.configure('t', 7, '2 s', '3 min');"
      "UPDATE outbox.subscription SET state = 'needs_load' WHERE name = 't'");
  const auto now = cursor();
  EXPECT_EQ(copy_at(now, "t"), "0");
  EXPECT_EQ(sql("SELECT concat_ws(' ', start, topics, max_attempts, retry_delay, retry_delay_max, state,"
                " snapshot, acked_event_id, acked_at IS NOT NULL) FROM outbox.subscription WHERE name = 'n'")
                .text(0, 0),
            "earliest {app,public.u} 7 00:00:02 00:03:00 needs_load " + now + " 3 t");
  EXPECT_THAT(copy_at(now, "t"), HasSubstr("subscription \"n\" exists already"));
}

TEST_F(CopiedTasks, CannotBeHadFromASubscriptionThatIsGone) {
  const auto now = cursor();
  EXPECT_THAT(copy_at(now, "gone"), HasSubstr("belongs to subscription \"gone\", which is gone"));
  sql("SELECT outbox.unsubscribe('s')");
  sql("SELECT outbox.subscribe('s', 'now')");
  EXPECT_THAT(copy_at(now), HasSubstr("the copy is older than subscription \"s\""));
  EXPECT_EQ(copy_at(cursor()), "0");
}

TEST_F(CopiedTasks, MayBeCopiedOnFromTheNewReplicaBeforeItsFirstWindow) {
  reject("1");
  const auto now = cursor();
  EXPECT_EQ(copy_at(now), "1");
  EXPECT_EQ(connection.query("SELECT outbox.subscribe_copy('m', 'n', $1::pg_snapshot, 3)", {now}).text(0, 0),
            "1");
}

}  // namespace
}  // namespace mailboat::test
