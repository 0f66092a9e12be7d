#include <fstream>
#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

void expect_refuses_to_start(const std::string& conninfo, const std::string& sentence) {
  const TempDir folder;
  const auto producer = run({program("mailboat-producer"), "--postgres", conninfo, "--listen",
                             "ipc://" + (folder.path() / "feed").string()});
  EXPECT_EQ(producer.exit_code, 1);
  EXPECT_NE(producer.errors.find(sentence), std::string::npos) << producer.errors;
}

TEST(UnsuitableSource, AnUnmigratedDatabaseIsRefusedWithTheCommandThatMendsIt) {
  expect_refuses_to_start(shared_cluster().create_database(), "mailboat migrate");
}

TEST(UnsuitableSource, AStandbyIsRefused) {
  Cluster cluster;
  const Pipeline pipeline(cluster);
  const auto data = pipeline.value("SHOW data_directory");
  cluster.stop(Cluster::Stop::Fast);
  std::ofstream(data + "/standby.signal").flush();
  cluster.start();
  ASSERT_EQ(pipeline.value("SELECT pg_is_in_recovery()"), "t");
  expect_refuses_to_start(pipeline.conninfo(), "standby");
}

TEST(AbsentSource, IsWaitedForByTheProducerAndServedWhenItIsBack) {
  Cluster cluster;
  Pipeline pipeline(cluster);
  pipeline.sql(
      "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1); SELECT outbox.track('item');"
      "SELECT outbox.subscribe('replica')");
  cluster.stop(Cluster::Stop::Fast);
  auto& producer = pipeline.start_producer();
  auto& consumer = pipeline.start_consumer();
  ASSERT_TRUE(producer.wait_for_output("PostgreSQL is away")) << producer.errors();
  ASSERT_TRUE(consumer.wait_for_output("waiting to try again")) << consumer.errors();
  EXPECT_TRUE(producer.running());

  cluster.start();
  EXPECT_EQ(pipeline.lasting_difference("item", "id"), "") << consumer.errors() << producer.errors();
}

TEST(AbsentSource, MayGoAndComeBackWhileTheProducerIsIdle) {
  Cluster cluster;
  Pipeline pipeline(cluster);
  pipeline.sql(
      "CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item'); SELECT "
      "outbox.subscribe('replica')");
  pipeline.start_producer();
  auto& consumer = pipeline.start_consumer();
  ASSERT_EQ(pipeline.lasting_difference("item", "id"), "");
  for (const auto how : {Cluster::Stop::Fast, Cluster::Stop::Immediate}) {
    cluster.restart(how);
    pipeline.sql("INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item");
    EXPECT_EQ(pipeline.lasting_difference("item", "id"), "")
        << consumer.errors() << pipeline.producer().errors();
  }
  EXPECT_TRUE(pipeline.producer().running());
}

}  // namespace
}  // namespace mailboat::test
