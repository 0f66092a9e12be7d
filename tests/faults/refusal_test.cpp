#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// Consumers that must not go on, and say why in a sentence.
class Refusal : public ::testing::Test {
 protected:
  Refusal() { prepare(pipeline_); }

  static void prepare(Pipeline& pipeline) {
    pipeline.sql(
        "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1); SELECT outbox.track('item')");
    pipeline.start_producer();
  }

  void fill(const std::string& start = "load") {
    pipeline_.sql("SELECT outbox.subscribe('replica', '" + start + "')");
    expect_done();
  }

  void expect_done() {
    const auto consumer = run(pipeline_.consumer_command({"--until-caught-up"}));
    EXPECT_EQ(consumer.exit_code, 0) << consumer.errors;
  }

  void expect_refused(const std::string& sentence) { expect_refused(pipeline_.consumer_command(), sentence); }
  static void expect_refused(const std::vector<std::string>& command, const std::string& sentence) {
    const auto consumer = run(command);
    EXPECT_EQ(consumer.exit_code, 1);
    EXPECT_NE(consumer.errors.find(sentence), std::string::npos) << consumer.errors;
  }

  void in_file(const std::string& statements) {
    SQLite::Database(pipeline_.file().string(), SQLite::OPEN_READWRITE, 10'000).exec(statements);
  }

  Pipeline pipeline_;
};

TEST_F(Refusal, OfAnUnknownSubscriptionNamesTheCommandThatMakesIt) {
  expect_refused("there is no subscription 'replica'; create it with: mailboat subscribe replica");
}

TEST_F(Refusal, OfAFileThatWasFilledFromAnotherDatabase) {
  Pipeline other;
  prepare(other);
  other.sql("SELECT outbox.subscribe('replica')");
  fill();
  auto command = other.consumer_command();
  command.back() = pipeline_.file().string();
  expect_refused(command, "the replica was filled from another PostgreSQL database");
  expect_done();
}

TEST_F(Refusal, OfAFileThatWasFilledFromAnotherCluster) {
  fill();
  in_file("UPDATE _mailboat_cursor SET system_identifier = '1234567890123456789'");
  expect_refused("cluster 1234567890123456789");
}

TEST_F(Refusal, OfACursorAheadOfTheSource) {
  fill();
  in_file("UPDATE _mailboat_cursor SET snapshot = '900000000:900000000:'");
  expect_refused("the source went back in time");
}

TEST_F(Refusal, OfANewFileForASubscriptionThatBeganNowAndHasMovedOn) {
  fill("now");
  ASSERT_TRUE(eventually(
      [&] { return pipeline_.value("SELECT acked_at IS NOT NULL FROM outbox.subscription") == "t"; }));
  auto command = pipeline_.consumer_command();
  command.back() += "-new";
  expect_refused(command, "what it had cannot be sent again");
  expect_done();
}

TEST_F(Refusal, OfAFileThatIsNotSQLite) {
  std::ofstream(pipeline_.file()) << std::string(8192, 'x');
  expect_refused("is not a SQLite database");
  std::string content;
  std::getline(std::ifstream(pipeline_.file()), content);
  EXPECT_EQ(content, std::string(8192, 'x')) << "somebody's file was changed";
}

TEST_F(Refusal, OfAFileThatBelongsToAnotherSubscription) {
  fill();
  pipeline_.sql("SELECT outbox.subscribe('other')");
  auto command = pipeline_.consumer_command();
  *std::find(command.begin(), command.end(), "replica") = "other";
  expect_refused(command, "belongs to subscription 'replica', not to 'other'");
}

TEST_F(Refusal, OfAFileOfANewerMailboat) {
  fill();
  in_file("UPDATE _mailboat_replica SET format = format + 1");
  expect_refused("was written by a newer mailboat");
}

}  // namespace
}  // namespace mailboat::test
