#include <gtest/gtest.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

/// Two tracked tables, and a subscription `s` that takes both.
class Operation : public Outbox {
 protected:
  Operation() {
    sql("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"
        "SELECT outbox.track('a'), outbox.track('b'); SELECT outbox.subscribe('s')");
  }

  /// As a producer does.
  bool record(const std::string& topic, const std::string& status, int rows = 0) {
    return value("SELECT outbox.record_table('s', 1, '" + topic + "', '" + status + "', " +
                 std::to_string(rows) + ", 10, CASE WHEN '" + status + "' = 'failed' THEN 'broken' END)") ==
           "t";
  }
  bool record_verification(const std::string& counts) {
    return value("SELECT outbox.record_verification('s', 1, 'public.a', '7:7:', 5, " + counts +
                 ", '[{\"kind\": \"missing\", \"key\": \"id = 1\", \"columns\": [\"x\"], \"repaired\": "
                 "false}]', '')") == "t";
  }
  std::string status() { return value("SELECT status FROM outbox.operation WHERE id = 1"); }
  std::string topics() {
    return value(
        "SELECT string_agg(topic, ' ' ORDER BY place) FROM outbox.operation_table WHERE operation = 1");
  }
};

TEST_F(Operation, TakesAllTablesOfTheSubscriptionUnlessSomeAreNamed) {
  sql("SELECT outbox.request_load('s')");
  EXPECT_EQ(topics(), "public.a public.b");
  sql("SELECT outbox.request_verify('s', '{public.b,public.a,public.b}')");
  EXPECT_EQ(
      value("SELECT string_agg(topic, ' ' ORDER BY place) FROM outbox.operation_table WHERE operation = 2"),
      "public.b public.a");
}

TEST_F(Operation, RefusesWhatTheSubscriptionDoesNotTake) {
  EXPECT_NE(refusal("SELECT outbox.request_load('s', '{public.c}')").find("public.c is not a tracked table"),
            std::string::npos);
  sql("SELECT outbox.subscribe('only_a', topics => '{public.a}'); SELECT outbox.subscribe('none', topics => "
      "'{x}')");
  EXPECT_NE(refusal("SELECT outbox.request_verify('only_a', '{public.b}')").find("public.b"),
            std::string::npos);
  EXPECT_NE(refusal("SELECT outbox.request_load('none')").find("takes no tracked table"), std::string::npos);
  EXPECT_NE(
      refusal("SELECT outbox.request_replay('only_a', topic => 'public.b')").find("does not take topic"),
      std::string::npos);
  EXPECT_NE(refusal("SELECT outbox.request_load('nobody')").find("no subscription"), std::string::npos);
  EXPECT_EQ(value("SELECT count(*) FROM outbox.operation"), "0");
}

TEST_F(Operation, EndsWithItsLastTable) {
  sql("SELECT outbox.request_load('s')");
  EXPECT_EQ(status(), "requested");
  EXPECT_TRUE(record("public.a", "running", 3));
  EXPECT_TRUE(record("public.a", "completed", 5));
  EXPECT_EQ(status(), "running");
  EXPECT_FALSE(record("public.a", "completed", 5)) << "it was finished already";
  EXPECT_TRUE(record("public.b", "failed"));
  EXPECT_EQ(status(), "failed");
  EXPECT_EQ(value("SELECT error FROM outbox.operation WHERE id = 1"), "public.b: broken");
}

TEST_F(Operation, CountsTheEndOfAVerificationOnce) {
  sql("SELECT outbox.request_verify('s', '{public.a}')");
  EXPECT_TRUE(record_verification("1, 0, 0, 0"));
  EXPECT_FALSE(record_verification("1, 0, 0, 0"));
  EXPECT_EQ(status(), "completed");
  EXPECT_EQ(value("SELECT kind || ' ' || key || ' ' || columns::text FROM outbox.difference"),
            "missing id = 1 {x}");
}

TEST_F(Operation, CallsATableVerifiedOnlyWhenNothingIsWrongWithIt) {
  sql("SELECT outbox.request_verify('s', '{public.a}')");
  record_verification("1, 0, 0, 0");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.verified_table"), "0");
  sql("UPDATE outbox.operation_table SET repaired = 1");
  EXPECT_EQ(value("SELECT subscription || topic || verified_through FROM outbox.verified_table"),
            "spublic.a7:7:");
}

TEST_F(Operation, CanBeCancelledUnlessItsLoadHasBegun) {
  sql("SELECT outbox.request_load('s')");
  record("public.a", "running");
  EXPECT_NE(refusal("SELECT outbox.cancel(1)").find("has begun"), std::string::npos);
  sql("SELECT outbox.request_verify('s'); SELECT outbox.cancel(2, 'anna')");
  EXPECT_EQ(value("SELECT status || cancelled_by FROM outbox.operation WHERE id = 2"), "cancelledanna");
  EXPECT_NE(refusal("SELECT outbox.cancel(2)").find("cancelled already"), std::string::npos);
  EXPECT_NE(refusal("SELECT outbox.cancel(3)").find("no operation 3"), std::string::npos);
}

TEST_F(Operation, VerificationIsDueOnceInEachInterval) {
  const auto is_due = [this] { return value("SELECT outbox.verify_if_due('s', '1 hour')") == "t"; };
  EXPECT_FALSE(is_due()) << "the replica has not even begun";
  sql("UPDATE outbox.subscription SET acked_at = now(), created_at = now() - interval '2 hours'");
  EXPECT_TRUE(is_due());
  EXPECT_FALSE(is_due()) << "one is open";
  sql("SELECT outbox.cancel(1)");
  EXPECT_FALSE(is_due()) << "one has just been";
  sql("UPDATE outbox.operation SET requested_at = now() - interval '61 minutes'");
  EXPECT_TRUE(is_due());
}

}  // namespace
}  // namespace mailboat::test
