// What is written down about a replay, and where it begins and ends.
#include "tests/integration/task_fixture.hpp"

namespace mailboat::test {
namespace {

/// Events 1, 2 and 3, and replay number 1.
class ReplayRecord : public Tasks {
 protected:
  void request(const std::string& arguments = "") {
    sql("SELECT outbox.request_replay('s'" + (arguments.empty() ? "" : ", " + arguments) + ")");
  }
  /// `operation position through rate`; empty when there is none.
  std::string start() {
    const auto rows =
        sql("SELECT concat_ws(' ', operation, \"position\", through_id, rate) FROM outbox.start_replay('s')");
    return rows.empty() ? "" : std::string(rows.text(0, 0));
  }
  /// One event applied; whether the replay goes on.
  bool record(const std::string& last_id, bool finished = false, const std::string& error = "NULL") {
    return value("SELECT outbox.record_replay(1, " + last_id + ", 1, 0, 0, '{}', '{}', " +
                 (finished ? "true" : "false") + ", " + error + ")") == "t";
  }
  std::string operation(const std::string& expression) {
    return value("SELECT " + expression + " FROM outbox.operation ORDER BY id LIMIT 1");
  }
  std::string replay(const std::string& expression) {
    return value("SELECT " + expression + " FROM outbox.replay ORDER BY operation LIMIT 1");
  }
};

TEST_F(ReplayRecord, EndsWhereTheLogEndsWhenItStarts) {
  request();
  EXPECT_EQ(start(), "1 0 3");
  EXPECT_EQ(operation("status || (started_at IS NOT NULL)"), "runningtrue");
  publish(2);
  EXPECT_EQ(start(), "1 0 3");
}

TEST_F(ReplayRecord, KeepsToItsIdsAndItsRate) {
  request("2, 100, rate => 7.5");
  EXPECT_EQ(start(), "1 1 3 7.5");
  request("to_id => 2, rate => 'Infinity'");
  sql("SELECT outbox.cancel(1)");
  EXPECT_EQ(start(), "2 0 2");
}

TEST_F(ReplayRecord, TheOldestIsFirstAndTheNextComesAfterIt) {
  EXPECT_EQ(start(), "");
  request();
  request();
  EXPECT_EQ(start().substr(0, 1), "1");
  EXPECT_FALSE(record("3", true));
  EXPECT_EQ(operation("concat_ws(' ', status, finished_at IS NOT NULL, error)"), "completed t");
  EXPECT_EQ(start().substr(0, 1), "2");
}

TEST_F(ReplayRecord, CountsAreAddedAndTheNextSessionGoesOnBehindThem) {
  request();
  start();
  EXPECT_TRUE(value("SELECT outbox.record_replay(1, 2, 5, 3, 1, '{2}', '{no}', false)") == "t");
  EXPECT_TRUE(record("3"));
  EXPECT_FALSE(record("2", true)) << "repeated: counted already";
  EXPECT_EQ(replay("concat_ws(' ', last_id, sent, applied, superseded, rejected)"), "3 10 6 3 1");
  EXPECT_EQ(replay("errors"), R"([{"error": "no", "event_id": 2}])");
}

TEST_F(ReplayRecord, AnotherSessionGoesOnBehindTheLastEventThatIsCounted) {
  request();
  start();
  record("2");
  EXPECT_EQ(start(), "1 2 3");
}

TEST_F(ReplayRecord, KeepsOnlyTheFirstHundredErrors) {
  request();
  start();
  const auto reject = [this](const std::string& from, const std::string& to, const std::string& last) {
    sql("SELECT outbox.record_replay(1, " + last +
        ", 0, 0, 60, array_agg(n), array_agg('e' || n), false)"
        " FROM generate_series(" +
        from + ", " + to + ") n");
  };
  reject("1", "60", "2");
  reject("61", "120", "3");
  EXPECT_EQ(replay("jsonb_array_length(errors) || ' of ' || rejected"), "100 of 120");
  EXPECT_EQ(replay("errors -> 99 ->> 'error'"), "e100");
}

TEST_F(ReplayRecord, OneThatIsCancelledStillCountsWhatWasUnderWay) {
  request();
  start();
  sql("SELECT outbox.cancel(1, 'anna')");
  EXPECT_FALSE(record("2", true));
  EXPECT_EQ(operation("status"), "cancelled");
  EXPECT_EQ(replay("last_id || ' ' || applied"), "2 1");
  EXPECT_EQ(start(), "");
}

TEST_F(ReplayRecord, OneThatCannotBeCarriedOutFails) {
  request();
  start();
  EXPECT_FALSE(record("2", false, "'it broke'"));
  EXPECT_EQ(operation("status || ': ' || error"), "failed: it broke");
}

TEST_F(ReplayRecord, SaysWhatTheLogNoLongerHoldsAndSendsTheRest) {
  sql("DELETE FROM outbox.event WHERE id = 1");
  EXPECT_EQ(value("SELECT id FROM outbox.log_begins()"), "2");
  request("1");
  EXPECT_EQ(start(), "1 1 3");
  EXPECT_EQ(operation("error LIKE 'the log begins with event 2 of % UTC: what is older was not sent again'"),
            "t");
  EXPECT_FALSE(record("3", true));
  EXPECT_EQ(operation("status || (error IS NOT NULL)"), "completedtrue");
}

TEST_F(ReplayRecord, MissesNothingThatWasNotAskedFor) {
  sql("DELETE FROM outbox.event WHERE id = 1");
  request("2");
  start();
  EXPECT_EQ(operation("error IS NULL"), "t");
  record("3", true);
  request("since => now() + interval '1 minute'");
  start();
  EXPECT_EQ(value("SELECT error IS NULL FROM outbox.operation WHERE id = 2"), "t");
}

TEST_F(ReplayRecord, AnEmptyLogIsSaid) {
  sql("TRUNCATE outbox.event");
  EXPECT_EQ(value("SELECT id IS NULL FROM outbox.log_begins()"), "t");
  request();
  start();
  EXPECT_EQ(operation("error"), "the log is empty: there is nothing to send again");
}

TEST_F(ReplayRecord, AVacuumOfTheLogDoesNotKeepItFromStarting) {
  request();
  postgres::Connection vacuum(conninfo, "vacuum");
  postgres::Transaction transaction(vacuum, postgres::Transaction::Kind::ReadWrite);
  transaction.query("LOCK TABLE outbox.event_default IN SHARE UPDATE EXCLUSIVE MODE");
  EXPECT_EQ(start(), "1 0 3");
}

TEST_F(ReplayRecord, TheLowestIdNeedNotBelongToTheFirstTransaction) {
  sql("TRUNCATE outbox.event; INSERT INTO outbox.event (id, txid, topic, op) VALUES"
      " (8, '1000', 'app', 'U'), (9, '1001', 'app', 'U'), (7, '1001', 'app', 'U')");
  EXPECT_EQ(value("SELECT id FROM outbox.log_begins()"), "7");
}

}  // namespace
}  // namespace mailboat::test
