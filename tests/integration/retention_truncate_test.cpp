// Which partitions leave the log, and which do not.
#include <gmock/gmock.h>
#include <random>

#include "common/snapshot.hpp"
#include "tests/integration/retention_fixture.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;
using Kind = postgres::Transaction::Kind;

TEST_F(Retention, APartitionGoesWhenEverySubscriptionHasAcknowledgedIt) {
  subscribe("one");
  subscribe("two");
  write(25);
  EXPECT_EQ(held(), "one cursor, two cursor");
  EXPECT_FALSE(goes(0));
  acknowledge("one");
  EXPECT_FALSE(goes(0));
  acknowledge("two");
  EXPECT_EQ(held(), "");
  EXPECT_TRUE(goes(0));
  EXPECT_TRUE(goes(11));
  EXPECT_EQ(ids(), "21 22 23 24 25");
}

TEST_F(Retention, WithoutAnySubscriptionOnlyTimeCounts) {
  write(15);
  EXPECT_FALSE(goes(0, "1 hour"));
  EXPECT_TRUE(goes(0));
}

TEST_F(Retention, ThePartitionThatIsWrittenToStays) {
  write(10);
  EXPECT_TRUE(goes(0)) << "its last id is taken";
  write(9);
  EXPECT_FALSE(goes(11));
  EXPECT_FALSE(goes(21)) << "not begun";
}

TEST_F(Retention, AnUnknownPartitionIsNone) { EXPECT_FALSE(goes(12)); }

TEST_F(Retention, AnEventStaysForSoLongAfterItsCommitHoweverLongItsTransactionTook) {
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, Kind::ReadWrite);
  transaction.query(events(1));
  write(15);
  sql("SELECT outbox.note_moment('1 hour'); UPDATE outbox.moment SET at = at - interval '2 hours'");
  transaction.commit();
  EXPECT_FALSE(goes(0, "1 hour"));
  sql("DELETE FROM outbox.moment; SELECT outbox.note_moment('1 hour');"
      "UPDATE outbox.moment SET at = at - interval '2 hours'");
  EXPECT_TRUE(goes(0, "1 hour"));
}

TEST_F(Retention, MomentsAreRememberedNowAndThenAndForgottenWhenOlderOnesSuffice) {
  sql("SELECT outbox.note_moment('16 hours'); SELECT outbox.note_moment('16 hours')");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.moment"), "1");
  sql("INSERT INTO outbox.moment SELECT now() - interval '1 hour' * n, '1:1:' FROM generate_series(15, 20) n;"
      "SELECT outbox.note_moment('16 hours')");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.moment"), "3") << "now, 15 hours and 16 hours ago";
}

TEST_F(Retention, AnOpenTransactionWithAnEarlyIdKeepsItsPartitionAndNoOther) {
  subscribe("s");
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, Kind::ReadWrite);
  transaction.query(events(1));
  write(24);
  acknowledge("s");
  EXPECT_EQ(refused_with(source, "SELECT outbox.note_moment('0'), outbox.truncate_partition(0, '0')"),
            lock_not_available);
  EXPECT_TRUE(goes(11));
  transaction.commit();
  EXPECT_FALSE(goes(0)) << "the cursor does not cover what has just been committed";
  acknowledge("s");
  EXPECT_TRUE(goes(0));
}

TEST_F(Retention, ARolledBackTransactionKeepsNothing) {
  subscribe("s");
  postgres::Connection slow(conninfo, "slow");
  {
    postgres::Transaction transaction(slow, Kind::ReadWrite);
    transaction.query(events(5));
    write(10);
    acknowledge("s");
  }
  EXPECT_TRUE(goes(0));
}

// Its transaction had the id, but had not come to write when the partition was emptied.
TEST_F(Retention, AnEventThatComesWithAnIdTakenLongAgoIsKeptForEverybody) {
  subscribe("s");
  sql("SELECT nextval('outbox.event_id')");
  write(15);
  acknowledge("s");
  EXPECT_TRUE(goes(0));
  sql("INSERT INTO outbox.event (id, topic, op) VALUES (1, 'app', 'U')");
  EXPECT_EQ(held(), "s cursor");
  EXPECT_FALSE(goes(0));
  acknowledge("s");
  EXPECT_TRUE(goes(0));
}

TEST_F(Retention, OpenTasksKeepTheirPartition) {
  subscribe("s");
  write(25);
  acknowledge("s");
  sql("SELECT outbox.reject('s', ARRAY[id], ARRAY[txid], '{no}') FROM outbox.event WHERE id = 5");
  EXPECT_EQ(held(), "s task");
  EXPECT_FALSE(goes(0));
  EXPECT_TRUE(goes(11));
  sql("UPDATE outbox.rejection SET status = 'failed', next_attempt_at = NULL");
  EXPECT_FALSE(goes(0));
  EXPECT_THAT(value("SELECT payload FROM outbox.task WHERE id = 5"), "{}");
  sql("SELECT outbox.record_retries('s', '{5}', '{applied}', '{NULL}')");
  EXPECT_TRUE(goes(0));
}

TEST_F(Retention, AReplayKeepsWhatItHasStillToSend) {
  subscribe("s");
  write(35);
  acknowledge("s");
  sql("SELECT outbox.request_replay('s', 5, 15)");
  EXPECT_EQ(held(), "s replay");
  EXPECT_FALSE(goes(0));
  EXPECT_TRUE(goes(21)) << "behind its end";
  sql("SELECT outbox.start_replay('s'); SELECT outbox.record_replay(1, 10, 6, 0, 0, '{}', '{}', false)");
  EXPECT_TRUE(goes(0)) << "it has passed it";
  EXPECT_FALSE(goes(11));
  sql("SELECT outbox.record_replay(1, 15, 5, 0, 0, '{}', '{}', true)");
  EXPECT_TRUE(goes(11));
}

TEST_F(Retention, ASubscriptionFromTheEarliestEventOnKeepsAllThereIs) {
  write(15);
  subscribe("s", "earliest");
  EXPECT_FALSE(goes(0));
}

TEST_F(Retention, ASubscriptionThatIsBeingMadeIsWaitedFor) {
  write(15);
  postgres::Connection other(conninfo, "other");
  postgres::Transaction transaction(other, Kind::ReadWrite);
  transaction.query("SELECT outbox.subscribe('s', 'earliest')");
  EXPECT_EQ(refused_with(source, "SELECT outbox.note_moment('0'), outbox.truncate_partition(0, '0')"),
            lock_not_available);
  transaction.commit();
  EXPECT_FALSE(goes(0));
}

TEST_F(Retention, GivesUpOnAPartitionThatIsReadAndNobodyElseWaits) {
  subscribe("s");
  write(15);
  acknowledge("s");
  postgres::Connection reader(conninfo, "reader");
  postgres::Transaction reading(reader, Kind::RepeatableReadOnly);
  reading.query("SELECT count(*) FROM outbox.event");
  sql("SET lock_timeout = '1ms'");
  EXPECT_EQ(refused_with(source, "SELECT outbox.note_moment('0'), outbox.truncate_partition(0, '0')"),
            lock_not_available);
  write(5);
  sql("RESET lock_timeout");
  EXPECT_EQ(reading.query("SELECT count(*) FROM outbox.event").text(0, 0), "15");
  reading.rollback();
  EXPECT_TRUE(goes(0));
}

TEST_F(Retention, WhoHoldsTooMuchIsCutOffAndNobodyElse) {
  subscribe("away");
  subscribe("here");
  write(25);
  acknowledge("here");
  sql("SELECT outbox.note_moment('0')");
  EXPECT_EQ(value("SELECT outbox.truncate_partition(0, '1 day', 'too much')"), "{away}");
  EXPECT_EQ(value("SELECT string_agg(concat_ws(' ', name, state, load_reason, released), ', ' ORDER BY name)"
                  " FROM outbox.subscription"),
            "away needs_load too much t, here active f");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.selection"), "1") << "its session would read on";
  EXPECT_EQ(value("SELECT string_agg(name, ' ') FROM outbox.subscription s, outbox.truncated t"
                  " WHERE NOT outbox.covers(s.snapshot, t.snapshot)"),
            "away");
  EXPECT_EQ(held(), "");
  EXPECT_EQ(value("SELECT outbox.truncate_partition(11, '1 day', 'too much')"), "{}");
}

TEST_F(Retention, NotEvenTheLimitTakesTheEventOfAnOpenTask) {
  subscribe("s");
  write(15);
  acknowledge("s");
  sql("SELECT outbox.reject('s', ARRAY[id], ARRAY[txid], '{no}') FROM outbox.event WHERE id = 5");
  EXPECT_EQ(value("SELECT outbox.truncate_partition(0, '1 day', 'too much') IS NULL"), "t");
}

TEST_F(Retention, TheLogKnowsSinceWhenItIsComplete) {
  subscribe("s");
  write(35);
  acknowledge("s");
  sql("SELECT outbox.reject('s', ARRAY[id], ARRAY[txid], '{no}') FROM outbox.event WHERE id = 5");
  EXPECT_TRUE(goes(11));
  EXPECT_EQ(value("SELECT id FROM outbox.log_begins()"), "21") << "1 to 10 are there, but 11 to 20 are not";
  sql("SELECT outbox.request_replay('s', 1, 30)");
  EXPECT_EQ(value("SELECT position FROM outbox.start_replay('s')"), "20");
  EXPECT_THAT(value("SELECT error FROM outbox.operation"), HasSubstr("the log begins with event 21"));
}

TEST_F(Retention, ACursorIsJudgedByAllThatHasLeftTheLog) {
  subscribe("s");
  write(5);
  const auto old = value("SELECT pg_current_snapshot()");
  const auto has_it_all = [&](const std::string& cursor) {
    return value("SELECT NOT EXISTS (SELECT FROM outbox.truncated t WHERE NOT outbox.covers('" + cursor +
                 "', t.snapshot))") == "t";
  };
  write(20);
  acknowledge("s");
  EXPECT_TRUE(has_it_all(old));
  EXPECT_TRUE(goes(0));
  EXPECT_TRUE(goes(11));
  EXPECT_FALSE(has_it_all(old));
  EXPECT_TRUE(has_it_all(value("SELECT snapshot FROM outbox.subscription")));
  EXPECT_EQ(value("SELECT count(*) FROM outbox.truncated"), "1");
  // A subscription that goes back to an older state of its replica is behind what has left the log before.
  connection.query("UPDATE outbox.subscription SET snapshot = $1::pg_snapshot", {old});
  write(10);
  EXPECT_EQ(value("SELECT outbox.truncate_partition(21, '1 day', 'too much')"), "{s}");
  EXPECT_FALSE(has_it_all(old));
}

TEST_F(Retention, SnapshotsAreComparedAsInTheProducer) {
  std::mt19937_64 random(seed());
  const auto any = [&] {
    const auto xmin = 1 + random() % 8;
    const auto xmax = xmin + random() % 8;
    std::vector<TransactionId> running;
    for (auto id = xmin; id < xmax; ++id) {
      if (random() % 3 == 0) running.push_back(id);
    }
    return Snapshot(xmin, xmax, running);
  };
  for (int round = 0; round < 300; ++round) {
    const auto a = any();
    const auto b = any();
    const auto rows = connection.query(
        "SELECT outbox.common_part(ARRAY[$1, $2]::pg_snapshot[]), outbox.covers($1::pg_snapshot, "
        "$2::pg_snapshot)",
        {a.to_string(), b.to_string()});
    const auto common = Snapshot::parse(rows.text(0, 0));
    bool covers = true;
    for (TransactionId id = 1; id < 20; ++id) {
      ASSERT_EQ(common.covers(id), a.covers(id) && b.covers(id)) << a.to_string() << " " << b.to_string();
      covers = covers && (a.covers(id) || !b.covers(id));
    }
    ASSERT_EQ(rows.boolean(0, 1), covers) << a.to_string() << " " << b.to_string();
  }
}

}  // namespace
}  // namespace mailboat::test
