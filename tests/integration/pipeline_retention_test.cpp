// The log loses what nobody needs any more, and no replica loses anything by it.
#include <atomic>
#include <filesystem>
#include <gmock/gmock.h>
#include <random>
#include <signal.h>
#include <thread>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class PipelineRetention : public Pipeline {
 protected:
  PipelineRetention() {
    sql("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
    sql("DROP TABLE outbox.event_500001_1000000, outbox.event_1000001_999999999999;"
        "ALTER TABLE outbox.event DETACH PARTITION outbox.event_1_500000; ALTER TABLE outbox.event ATTACH "
        "PARTITION "
        "outbox.event_1_500000 FOR VALUES FROM (MINVALUE) TO (1001); SELECT outbox.arrange_partitions('{}', "
        "'{1000, 1000}')");
  }

  void write(int rows) {
    sql("INSERT INTO item SELECT (SELECT coalesce(max(id), 0) FROM item) + n, repeat('x', 100) FROM "
        "generate_series(1, " +
        std::to_string(rows) + ") n");
  }
  std::string state(const std::string& name = "replica") {
    return value("SELECT state FROM outbox.subscription WHERE name = '" + name + "'");
  }
  /// Some of the first events have left the log.
  bool shrinks() {
    return eventually([&] { return value("SELECT min(id) > 1000 FROM outbox.event") == "t"; });
  }
};

TEST_F(PipelineRetention, WhatEveryReplicaHasLeavesTheLogAndIsNotMissed) {
  subscribe();
  start_producer({"--retention", "0s"});
  start_consumer();
  write(2500);
  expect_equal_soon("item");
  EXPECT_TRUE(shrinks()) << said();
  sql("UPDATE item SET name = 'y'; DELETE FROM item WHERE id < 100");
  expect_equal_soon("item");
}

TEST_F(PipelineRetention, AProducerThatWasAwayFindsEverythingAndCleansUp) {
  subscribe();
  start_producer();
  catch_up();
  stop(producer);
  for (int part = 0; part < 8; ++part) write(1000);
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event_default"), "0");
  start_producer({"--retention", "0s"});
  start_consumer();
  expect_equal_soon("item");
  write(10);
  expect_equal_soon("item");
  EXPECT_TRUE(eventually([&] { return value("SELECT count(*) < 1000 FROM outbox.event") == "t"; })) << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 8010);
}

TEST_F(PipelineRetention, WhoWasCutOffLoadsItsTablesInPlace) {
  subscribe();
  subscribe("other");
  start_producer({"--retention", "0s", "--max-retained-bytes", "8MiB"});
  catch_up();
  catch_up("other");
  for (int part = 0; part < 60 && state() == "active"; ++part) {
    write(1000);
    sql("UPDATE item SET name = repeat('y', 200) WHERE id % 7 = 0; DELETE FROM item WHERE id % 50 = 3");
    catch_up("other");
  }
  ASSERT_TRUE(eventually([&] { return state() == "needs_load"; })) << said();
  EXPECT_THAT(value("SELECT load_reason FROM outbox.subscription WHERE name = 'replica'"),
              HasSubstr("max_retained_bytes (8MiB)"));
  EXPECT_EQ(state("other"), "active");
  write(100);
  start_consumer();
  expect_equal_soon("item");
  EXPECT_TRUE(eventually([&] { return state() == "active"; })) << said();
  EXPECT_EQ(value("SELECT released FROM outbox.subscription WHERE name = 'replica'"), "f");
  stop(consumer);
  catch_up("other");
  expect_equal("item", "item", "other");
}

TEST_F(PipelineRetention, AnOlderCopyOfTheFileThanTheLogGoesBackToIsLoadedInPlace) {
  subscribe();
  start_producer({"--retention", "0s"});
  write(500);
  catch_up();
  std::filesystem::copy_file(file(), file("copy"));
  sql("DELETE FROM item WHERE id <= 300");
  write(2500);
  start_consumer();
  expect_equal_soon("item");
  ASSERT_TRUE(shrinks()) << said();
  stop(consumer);
  for (const auto* suffix : {"-wal", "-shm"}) std::filesystem::remove(file() + suffix);
  std::filesystem::rename(file("copy"), file());
  catch_up();
  expect_equal("item");
  EXPECT_THAT(producer->errors(), HasSubstr("the log does not have everything any more"));
  EXPECT_EQ(state(), "active");
}

TEST_F(PipelineRetention, AnOlderCopyOfTheFileThatTheLogStillCoversGoesOnWithoutALoad) {
  subscribe();
  start_producer({"--retention", "1h"});
  write(500);
  catch_up();
  std::filesystem::copy_file(file(), file("copy"));
  write(2500);
  catch_up();
  for (const auto* suffix : {"-wal", "-shm"}) std::filesystem::remove(file() + suffix);
  std::filesystem::rename(file("copy"), file());
  catch_up();
  expect_equal("item");
  EXPECT_THAT(producer->errors(), ::testing::Not(HasSubstr("loaded in place")));
}

TEST_F(PipelineRetention, AnEmptyFileFromTheEarliestEventOnKeepsWhatItHasStillToRead) {
  subscribe("replica", "earliest");
  start_producer({"--retention", "1h"});
  write(500);
  catch_up();
  EXPECT_EQ(value("SELECT count(*) FROM outbox.held()"), "0");
  stop(producer);
  for (const auto* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file() + suffix);
  start_producer({"--retention", "1h"});
  catch_up();
  expect_equal("item");
}

class TwoProducers : public PipelineRetention {
 protected:
  void start_both() {
    start_producer(options_);
    ASSERT_TRUE(eventually([this] { return keepers() == "1"; })) << said();
    consumer_options = {"--producer", other_endpoint_, "--heartbeat", "100ms"};
    std::vector<std::string> command{program("mailboat-producer"), "--postgres", conninfo, "--listen",
                                     other_endpoint_};
    command.insert(command.end(), options_.begin(), options_.end());
    other_ = std::make_unique<Process>(std::move(command));
    ASSERT_TRUE(other_->wait_for_output("is listening")) << other_->errors();
  }
  /// How many producers have the right to keep this database's log.
  std::string keepers() {
    return value(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory'"
        " AND (classid, objid) = (1835162484, 3) AND granted AND datname = current_database()");
  }
  static bool has_kept(const Process& process) {
    return process.errors().find(emptied_) != std::string::npos;
  }
  void change_something() {
    const auto first = std::to_string(changes_++ % 500);
    sql("INSERT INTO item SELECT n, '" + std::to_string(changes_) + "' FROM generate_series(" + first + ", " +
        first +
        " + 10) n ON CONFLICT (id) DO UPDATE SET name = excluded.name;"
        "DELETE FROM item WHERE id = " +
        std::to_string(changes_ * 7 % 500));
  }

  static constexpr auto emptied_ = "a partition of the log was emptied";
  std::unique_ptr<Process> other_;

 private:
  const std::string other_endpoint_ = endpoint() + "-of-the-other";
  const std::vector<std::string> options_{"--retention", "0s",          "--max-retained-bytes",
                                          "32MiB",       "--heartbeat", "100ms"};
  int changes_ = 0;
};

TEST_F(TwoProducers, OneKeepsTheLogAndTheOtherGoesOnWithItWhenThatIsKilled) {
  subscribe();
  ASSERT_NO_FATAL_FAILURE(start_both());
  start_consumer();
  const auto keeps = [&] {
    change_something();
    return has_kept(*producer);
  };
  EXPECT_TRUE(eventually(keeps)) << said();
  EXPECT_FALSE(has_kept(*other_));

  producer->kill(SIGKILL);
  const auto last_id = value("SELECT outbox.last_id()");
  const auto goes_on = [&] {
    change_something();
    return value("SELECT min(id) > " + last_id + " FROM outbox.event") == "t";
  };
  EXPECT_TRUE(eventually(goes_on, std::chrono::seconds(90))) << said() << other_->errors();
  EXPECT_TRUE(other_->wait_for_output(emptied_)) << other_->errors();
  expect_equal_soon("item");
  EXPECT_EQ(state(), "active") << other_->errors();
  for (const auto* process : {producer.get(), other_.get()})
    EXPECT_THAT(process->errors(), ::testing::Not(HasSubstr("loaded in place")));
}

// Whatever the order in which partitions come and go while writers write, and replicas read, die and come
// back.
TEST_F(PipelineRetention, NoEventIsLostWhateverComesBetween) {
  std::mt19937_64 random(seed());
  subscribe("steady");
  subscribe("killed");
  sql("SELECT pg_advisory_lock(1835162484, 3)");  // the test keeps the log, and the producer does not
  start_producer({"--retention", "0s"});
  Process steady(consumer_command("steady"));
  auto killed = std::make_unique<Process>(consumer_command("killed"));

  std::atomic<bool> writing = true;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([this, writer, &writing, choice = std::mt19937_64(random())]() mutable {
      postgres::Connection writes(conninfo, "writer");
      while (writing) {
        postgres::Transaction transaction(writes, postgres::Transaction::Kind::ReadWrite);
        for (auto left = choice() % 30; left > 0; --left) {
          const auto id = std::to_string(writer + 3 * (choice() % 300));
          if (choice() % 4 == 0) {
            writes.query("DELETE FROM item WHERE id = " + id);
          } else {
            writes.query("INSERT INTO item VALUES (" + id + ", '" + std::to_string(choice()) +
                         "') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
          }
        }
        if (choice() % 5 != 0) transaction.commit();
      }
    });
  }

  int emptied = 0;
  const auto keep = [&](const std::string& statement) {
    try {
      return std::string(sql(statement).text(0, 0));
    } catch (const postgres::StatementFailed& error) {
      EXPECT_THAT((std::vector<std::string>{"55P03", "55006", "40P01"}),
                  ::testing::Contains(error.sqlstate()))
          << error.what();
      return std::string();
    }
  };
  const auto round = [&] {
    sql("SELECT outbox.note_moment('0')");
    const auto rows =
        sql("SELECT from_id, empty FROM outbox.log_partitions() WHERE to_id <= outbox.last_id()");
    std::string gone = "{";
    for (int row = 0; row < rows.size(); ++row) {
      const std::string from(rows.text(row, 0));
      if (rows.boolean(row, 1)) {
        gone += (gone.size() > 1 ? "," : "") + from;
      } else if (!keep("SELECT outbox.truncate_partition(" + from + ", '0')").empty()) {
        ++emptied;
      }
    }
    const auto size = std::to_string(50 + random() % 400);
    const bool grows =
        value("SELECT count(*) < 3 FROM outbox.log_partitions() WHERE from_id > outbox.last_id()") == "t";
    keep("SELECT outbox.arrange_partitions('" + gone + "}', '" + (grows ? "{" + size + "}" : "{}") + "')");
    keep("SELECT outbox.drop_removed()");
    if (random() % 4 == 0) keep("SELECT outbox.leave_tail()");
    switch (random() % 6) {
      case 0:
        killed->kill(SIGKILL);
        killed->wait(std::chrono::seconds(10));
        killed = std::make_unique<Process>(consumer_command("killed"));
        break;
      case 1:
        producer->kill(SIGKILL);
        producer->wait(std::chrono::seconds(10));
        start_producer({"--retention", "0s"});
        break;
      default:
        break;
    }
    return emptied >= 12;
  };
  EXPECT_TRUE(eventually(round, std::chrono::seconds(120))) << emptied << " partitions emptied; " << said();
  writing = false;
  writers.clear();
  killed->kill(SIGTERM);
  steady.kill(SIGTERM);
  killed->wait(std::chrono::seconds(30));
  steady.wait(std::chrono::seconds(30));
  catch_up("steady");
  catch_up("killed");
  expect_equal("item", "item", "steady");
  expect_equal("item", "item", "killed");
  EXPECT_THAT(producer->errors(), ::testing::Not(HasSubstr("loaded in place")));
}

}  // namespace
}  // namespace mailboat::test
