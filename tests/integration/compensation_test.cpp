// outbox.on_failed: what is done at the source together with the marking as failed.
#include <gmock/gmock.h>

#include "tests/integration/task_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Registrations 1, 2, 3, which the events of topic `app` are about, and which `undo` deletes.
class Compensation : public Tasks {
 protected:
  Compensation() {
    sql("CREATE TABLE registration (id int PRIMARY KEY, reason text); INSERT INTO registration VALUES (1), "
        "(2), (3)");
    define("DELETE FROM registration WHERE id = (payload ->> 'id')::int;");
    sql("SELECT outbox.on_failed('app', 'undo(text,bigint,json,text)')");
  }

  void define(const std::string& body) {
    sql("CREATE OR REPLACE FUNCTION undo(subscription text, event_id bigint, payload json, error text) "
        "RETURNS void"
        " LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN " +
        body + " END $$");
  }
  std::string registrations() {
    return value("SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM registration");
  }
};

TEST_F(Compensation, RunsWithTheMarkingAndOnlyThen) {
  define(
      "UPDATE registration SET reason = concat_ws(' ', subscription, event_id, error) WHERE id = (payload "
      "->> "
      "'id')::int;");
  reject("1, 2");
  for (int attempt = 0; attempt < 4; ++attempt) retried("1", "rejected");
  EXPECT_EQ(value("SELECT count(reason) FROM registration"), "0");
  retried("1", "rejected", "no such column");
  EXPECT_EQ(value("SELECT reason FROM registration WHERE id = 1"), "s 1 no such column");
  EXPECT_EQ(task("1", "concat_ws(' ', status, compensated_at IS NOT NULL, compensation_error)"), "failed t");
  EXPECT_EQ(history("1").back(), "compensated");
  retried("2", "applied");
  EXPECT_EQ(value("SELECT count(reason) FROM registration"), "1");
}

TEST_F(Compensation, IsUndoneTogetherWithTheMarking) {
  reject("1");
  sql("BEGIN");
  fail_for_good("1");
  EXPECT_EQ(registrations(), "2,3");
  EXPECT_EQ(task("1", "status"), "failed");
  sql("ROLLBACK");
  EXPECT_EQ(registrations(), "1,2,3");
  EXPECT_EQ(task("1", "concat_ws(' ', status, retry_count, compensated_at)"), "retrying 0");
}

TEST_F(Compensation, AnErrorInItIsKeptAndDoesNotUndoTheMarking) {
  define("DELETE FROM registration; RAISE EXCEPTION 'cannot undo %', payload ->> 'id';");
  reject("1");
  fail_for_good("1");
  EXPECT_EQ(task("1", "concat_ws(' ', status, compensation_error, compensated_at)"), "failed cannot undo 1");
  EXPECT_EQ(registrations(), "1,2,3") << "half of a compensation has stayed";
  EXPECT_THAT(history("1"), ::testing::Contains("compensation failed"));
}

TEST_F(Compensation, AFailedAssertionAndADroppedFunctionAreErrorsLikeOthers) {
  define("ASSERT false, 'never so';");
  reject("1, 2");
  fail_for_good("1");
  EXPECT_EQ(task("1", "concat_ws(' ', status, compensation_error)"), "failed never so");
  sql("DROP FUNCTION undo");
  fail_for_good("2");
  EXPECT_EQ(task("2", "concat_ws(' ', status, compensation_error)"),
            "failed the function that on_failed names for topic \"app\" has been dropped");
}

TEST_F(Compensation, AnErrorOfADeferredConstraintIsKeptToo) {
  sql("CREATE TABLE invoice (registration int REFERENCES registration DEFERRABLE INITIALLY DEFERRED);"
      "INSERT INTO invoice VALUES (1)");
  reject("1, 2");
  sql("SELECT outbox.configure('s', max_attempts => 1)");
  sql("SELECT outbox.record_retries('s', '{1, 2}', '{rejected, rejected}', '{x, x}')");
  EXPECT_THAT(task("1", "concat_ws(' ', status, compensation_error)"),
              AllOf(HasSubstr("failed "), HasSubstr("violates foreign key constraint")));
  EXPECT_EQ(task("2", "concat_ws(' ', status, compensated_at IS NOT NULL)"), "failed t");
  EXPECT_EQ(registrations(), "1,3");
}

TEST_F(Compensation, EachMayRelyOnDeferredConstraints) {
  sql("CREATE TABLE invoice (registration int REFERENCES registration DEFERRABLE INITIALLY DEFERRED);"
      "SELECT outbox.configure('s', max_attempts => 1)");
  define("INSERT INTO invoice VALUES (10 + event_id); INSERT INTO registration VALUES (10 + event_id);");
  reject("1, 2");
  sql("SELECT outbox.record_retries('s', '{1, 2}', '{rejected, rejected}', '{x, x}')");
  EXPECT_EQ(registrations(), "1,2,3,11,12") << task("2", "compensation_error");
}

TEST_F(Compensation, RunsAtMostOnceForATask) {
  define("INSERT INTO registration VALUES (100 + (SELECT count(*) FROM registration));");
  reject("1");
  fail_for_good("1");
  EXPECT_EQ(registrations(), "1,2,3,103");
  EXPECT_EQ(value("SELECT outbox.retry_failed('s', '{1}', 'me')"), "0") << "the source has been put right";
  EXPECT_EQ(value("SELECT outbox.retry_failed('s', '{1}', 'me', compensated_too => true)"), "1");
  fail_for_good("1");
  EXPECT_EQ(task("1", "status"), "failed");
  EXPECT_EQ(registrations(), "1,2,3,103");
}

TEST_F(Compensation, ThatFailedIsTriedAgainWhenTheTaskFailsAgain) {
  define("RAISE EXCEPTION 'not today';");
  reject("1");
  fail_for_good("1");
  define("DELETE FROM registration WHERE id = 1;");
  EXPECT_EQ(value("SELECT outbox.retry_failed('s', '{1}', 'me')"), "1");
  fail_for_good("1");
  EXPECT_EQ(registrations(), "2,3");
  EXPECT_EQ(task("1", "compensation_error IS NULL"), "t");
}

TEST_F(Compensation, IsNotForWhatAnOperatorDiscardsNorForOtherTopics) {
  sql("SELECT outbox.publish('other', '{\"id\": 2}')");
  reject("1, 4");
  sql("SELECT outbox.discard_failed('s', '{1}', 'me')");
  fail_for_good("4");
  EXPECT_EQ(task("4", "status"), "failed");
  EXPECT_EQ(registrations(), "1,2,3");
}

TEST_F(Compensation, EndsWithNull) {
  sql("SELECT outbox.on_failed('app', NULL)");
  reject("1");
  fail_for_good("1");
  EXPECT_EQ(task("1", "status"), "failed");
  EXPECT_EQ(registrations(), "1,2,3");
}

TEST_F(Compensation, RefusesAFunctionThatCannotBeCalled) {
  sql("CREATE FUNCTION wrong(text, bigint) RETURNS void LANGUAGE sql AS ''");
  EXPECT_THAT(refusal("SELECT outbox.on_failed('app', 'wrong(text,bigint)')"),
              AllOf(HasSubstr("wrong(text,bigint) cannot be called when a task fails"),
                    HasSubstr("(subscription text, event_id bigint, payload json, error text)")));
  EXPECT_THAT(refusal("SELECT outbox.on_failed('', 'undo(text,bigint,json,text)')"),
              HasSubstr("needs a topic"));
  EXPECT_THAT(refusal("SELECT outbox.on_failed(NULL, NULL)"), HasSubstr("needs a topic"));
}

TEST_F(Compensation, FindsAFunctionInAnySchemaOfAnyName) {
  sql("CREATE SCHEMA \"Büro\"; CREATE FUNCTION \"Büro\".\"un do\"(text, bigint, json, text) RETURNS int "
      "LANGUAGE sql"
      " SET search_path = public AS 'DELETE FROM registration RETURNING id';"
      "CREATE FUNCTION \"Büro\".\"un do\"(text, bigint, json, bytea) RETURNS int LANGUAGE sql AS 'SELECT "
      "1/0';"
      "SELECT outbox.on_failed('app', '\"Büro\".\"un do\"(text,bigint,json,text)')");
  reject("1");
  fail_for_good("1");
  EXPECT_EQ(registrations(), "") << task("1", "compensation_error");
}

}  // namespace
}  // namespace mailboat::test
