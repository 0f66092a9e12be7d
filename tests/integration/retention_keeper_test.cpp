// The keeper of the log: partitions are there before they are needed, and go when they are empty.
#include <future>
#include <gmock/gmock.h>

#include "producer/log_keeper.hpp"
#include "tests/integration/retention_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using producer::LogKeeper;
using std::chrono::milliseconds;
using Kind = postgres::Transaction::Kind;

/// In its tests partitions have about 2,000 ids, because of the limit.
class Keeper : public Retention {
 protected:
  static constexpr producer::RetentionLimits at_once{milliseconds(0), {std::uint64_t{8} << 20}};

  std::string in_default() { return value("SELECT count(*) FROM outbox.event_default"); }
  std::string tables() {
    return value(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'outbox'::regnamespace AND relkind = 'r'"
        " AND relname ~ '^event_'");
  }
  std::string log() { return value("SELECT count(*) FROM outbox.event"); }

  LogKeeper keeper{source, at_once};
};

TEST_F(Keeper, MakesPartitionsBeforeTheLastOneIsFull) {
  write(15);
  keeper.step();
  EXPECT_EQ(partitions(), "0 11+ 21 31") << "one is ahead; nobody needs the first";
  write(10);
  keeper.step();
  EXPECT_EQ(partitions(), "11 21+ 31 2031 4031");
  EXPECT_EQ(tables(), "8") << "what was taken away is dropped by the next step";
  keeper.step();
  EXPECT_EQ(tables(), "6");
}

TEST_F(Keeper, KeepsNewPartitionsLikeTheFirst) {
  write(25);
  keeper.step();
  EXPECT_EQ(value("SELECT count(DISTINCT (i.amname, c.reloptions, x.indkey::text)) FROM pg_index x"
                  " JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am i ON i.oid = c.relam"
                  " WHERE x.indrelid IN (SELECT relid FROM pg_partition_tree('outbox.event') WHERE isleaf)"),
            "2");
  EXPECT_EQ(
      value(
          "SELECT count(DISTINCT columns) FROM (SELECT string_agg(concat_ws(' ', a.attname, a.atttypid,"
          " a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attname) AS columns"
          " FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
          " WHERE a.attnum > 0 AND a.attrelid IN (SELECT relid FROM pg_partition_tree('outbox.event'))"
          " GROUP BY a.attrelid) tables"),
      "1");
}

TEST_F(Keeper, WhatWasWrittenWhileNobodyKeptTheLogIsInTheTailWhichIdsThenLeave) {
  subscribe("s");
  write(5000);
  EXPECT_EQ(in_default(), "0");
  keeper.step();
  EXPECT_EQ(log(), "5000");
  write(1);
  EXPECT_EQ(value("SELECT max(id) FROM outbox.event"), "1000000000000");
  acknowledge("s");
  keeper.step();
  keeper.step();
  EXPECT_EQ(ids(), "1000000000000");
  EXPECT_EQ(partitions(), "1000000000000+ 1000000009000 1000000018000");
}

TEST_F(Keeper, AReplayPassesTheGap) {
  subscribe("s");
  write(100);
  keeper.step();
  write(1);
  EXPECT_EQ(value("SELECT outbox.skip_gap(50)"), "50");
  EXPECT_EQ(value("SELECT outbox.skip_gap(100)"), "999999999999");
  EXPECT_EQ(value("SELECT outbox.skip_gap(1000000000000)"), "1000000000000") << "more may come there";
}

// Also a database whose log is from before there were partitions.
TEST_F(Keeper, TheDefaultPartitionIsTakenInWithoutReadingItUnderALock) {
  sql("DROP TABLE outbox.event_1_10, outbox.event_11_20, outbox.event_21_30, outbox.event_31_999999999999");
  subscribe("s");
  write(3000);
  EXPECT_EQ(in_default(), "3000");
  postgres::Connection slow(conninfo, "slow");
  {
    postgres::Transaction transaction(slow, Kind::ReadWrite);
    transaction.query(events(1));
    keeper.step();
    EXPECT_EQ(in_default(), "3000") << "somebody is writing to it";
    write(10);
    transaction.commit();
  }
  LogKeeper eager(source, at_once);
  eager.step();
  EXPECT_EQ(in_default(), "0");
  EXPECT_EQ(log(), "3011");
  EXPECT_EQ(partitions(), "0+ 1000000000000 1000000002000 1000000004000");
  EXPECT_EQ(value("SELECT count(*) FROM pg_constraint WHERE conname = 'overflow'"), "0");
  write(1);
  acknowledge("s");
  eager.step();
  EXPECT_EQ(ids(), "1000000000000");
}

TEST_F(Keeper, ATransactionThatHasWrittenPutsOffNewPartitionsAndNobodyElse) {
  write(24);
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, Kind::ReadWrite);
  transaction.query(events(1));
  const auto before = partitions();
  keeper.step();
  EXPECT_EQ(partitions(), "0 11 21+ 31");
  EXPECT_EQ(before, "0+ 11+ 21+ 31");
  write(1);
  transaction.commit();
  LogKeeper(source, at_once).step();
  EXPECT_EQ(partitions(), "21+ 31 2031 4031");
}

/// Readers keep their locks until their transactions end.
class KeeperBesideAReader : public Keeper {
 protected:
  /// Writers go on while the keeper tries, and does what it can, and after the reader it does the rest. The
  /// time-outs are only there for a keeper that waits for ever: it would keep the writers out, too.
  void expect_writers_go_on(const std::string& reading, const std::string& meanwhile,
                            const std::string& later) {
    write(25);
    sql("SET lock_timeout = '5s'");
    source.query("SET statement_timeout = '10s'");
    postgres::Connection reader(conninfo, "reader");
    postgres::Transaction transaction(reader, Kind::RepeatableReadOnly);
    transaction.query(reading);
    auto kept = std::async(std::launch::async, [this] { keeper.step(); });
    do {
      sql("INSERT INTO outbox.event (id, topic, op) VALUES (25, 'app', 'U')");
    } while (kept.wait_for(milliseconds(0)) != std::future_status::ready);
    kept.get();
    EXPECT_EQ(partitions(), meanwhile);
    transaction.rollback();
    LogKeeper(source, at_once).step();
    EXPECT_EQ(partitions(), later);
  }
};

TEST_F(KeeperBesideAReader, OfTheWholeLogDoesNothingForNow) {
  expect_writers_go_on("SELECT count(*) FROM outbox.event", "0+ 11+ 21+ 31", "0 11 21+ 31 2031 4031");
}

TEST_F(KeeperBesideAReader, OfNoPartitionYetOnlyEmptiesThem) {
  expect_writers_go_on("LOCK TABLE ONLY outbox.event IN ACCESS SHARE MODE", "0 11 21+ 31",
                       "21+ 31 2031 4031");
}

TEST_F(KeeperBesideAReader, OfThePartitionThatWouldMoveOnlyEmptiesThem) {
  expect_writers_go_on("SELECT count(*) FROM outbox.event_31_999999999999", "0 11 21+ 31",
                       "21+ 31 2031 4031");
}

TEST_F(Keeper, TriesAgainSoonWhenItCouldNotHaveItsLocks) {
  write(25);
  postgres::Connection slow(conninfo, "slow");
  postgres::Transaction transaction(slow, Kind::ReadWrite);
  transaction.query(events(1));
  EXPECT_LE(keeper.step(), milliseconds(1000));
}

TEST_F(Keeper, OfSeveralOneKeepsTheLogAndAnotherWhenItHasGone) {
  auto first = std::make_unique<postgres::Connection>(producer::connect_to_source(conninfo, "first"));
  auto keeping = std::make_unique<LogKeeper>(*first, at_once);
  keeping->step();
  write(25);
  keeper.step();
  EXPECT_EQ(partitions(), "0+ 11+ 21+ 31") << "it belongs to the other";
  keeping.reset();
  first.reset();
  ASSERT_TRUE(eventually([&] {
    return value(
               "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype ="
               " 'advisory' AND objid = 3 AND datname = current_database()") == "0";
  }));
  keeper.step();
  EXPECT_EQ(partitions(), "0 11 21+ 31 2031 4031");
}

TEST_F(Keeper, TheProducersRoleCanDoAllOfIt) {
  sql("DROP TABLE outbox.event_1_10, outbox.event_11_20, outbox.event_21_30, outbox.event_31_999999999999");
  auto as_producer =
      producer::connect_to_source(conninfo + " user=" + create_role("IN ROLE outbox_producer"), "producer");
  subscribe("s");
  write(100);
  LogKeeper least(as_producer, {milliseconds(0), {ByteSize::unlimited}});
  least.step();
  write(1);
  EXPECT_EQ(value("SELECT max(id) FROM outbox.event"), "1000000000000");
  acknowledge("s");
  least.step();
  EXPECT_EQ(ids(), "1000000000000");
  as_producer.query("SELECT outbox.skip_gap(1)");
  as_producer.query("SELECT * FROM outbox.held()");
  EXPECT_EQ(refused_with(as_producer, "TRUNCATE outbox.event"), "42501");
}

TEST_F(Keeper, RowsWrittenByHandWhereTheyDoNotBelongChangeNothingButWhatIsSaid) {
  sql("DROP TABLE outbox.event_1_10; INSERT INTO outbox.event (id, topic, op) VALUES (-5, 'app', 'U')");
  write(25);
  keeper.step();
  EXPECT_EQ(in_default(), "11");
  EXPECT_EQ(log(), "16");
}

}  // namespace
}  // namespace mailboat::test
