#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

// Nothing but a commit that waits for the disk flushes the WAL.
Cluster::Options lazy_about_the_disk() {
  Cluster::Options options;
  options.settings = {"wal_writer_delay=10s", "autovacuum=off",        "wal_level=minimal",
                      "max_wal_senders=0",    "checkpoint_timeout=1h", "bgwriter_delay=10s"};
  return options;
}

// A crash of PostgreSQL may lose the last commits that did not wait for the disk, and with them the knowledge
// that their transaction ids, and those of the rollbacks among them, were ever used. Recovered, it hands the
// same ids out again. A replica that had those commits would differ for good; one whose cursor covers those
// ids would take the new transactions for old ones and skip them.
class Durability : public ::testing::Test {
 protected:
  Durability() {
    pipeline_.sql(
        "CREATE TABLE entry (id serial PRIMARY KEY, note text); SELECT outbox.track('entry');"
        "SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
    pipeline_.start_consumer();
  }

  void insert_without_waiting(postgres::Connection& application, const std::string& note) {
    for (int i = 0; i < 10; ++i) application.query("BEGIN; SELECT pg_current_xact_id(); ROLLBACK");
    application.query("INSERT INTO entry (note) VALUES ($1)", {note});
  }

  bool arrives(const std::string& note) {
    return eventually([&] {
      try {
        return pipeline_.replica().number("SELECT count(*) FROM entry WHERE note = '" + note + "'") == 1;
      } catch (const std::runtime_error& no_such_table_yet) {
        return false;
      }
    });
  }

  Cluster cluster_{lazy_about_the_disk()};
  Pipeline pipeline_{cluster_};
};

TEST_F(Durability, WhatTheReplicaHasTheSourceStillHasAfterACrash) {
  for (int round = 0; round < 5; ++round) {
    const auto number = std::to_string(round);
    auto application = pipeline_.connect();
    application.query("SET synchronous_commit = off");
    // The producer's own write of progress flushes, about once a second. The first entry triggers it, so that
    // the second one is on its own.
    insert_without_waiting(application, "first " + number);
    ASSERT_TRUE(arrives("first " + number));
    insert_without_waiting(application, "second " + number);
    ASSERT_TRUE(arrives("second " + number));
    cluster_.restart(Cluster::Stop::Immediate);

    ASSERT_TRUE(arrives("first " + number) && arrives("second " + number));
    EXPECT_EQ(pipeline_.value("SELECT count(*) FROM entry WHERE note IN ('first " + number + "', 'second " +
                              number + "')"),
              "2");
    for (int i = 0; i < 30; ++i) pipeline_.sql("INSERT INTO entry (note) VALUES ('after the crash')");
    ASSERT_EQ(pipeline_.lasting_difference("entry", "id, note"), "");
  }
}

}  // namespace
}  // namespace mailboat::test
