#include <gtest/gtest.h>

#include "tests/faults/pipeline.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

/// One consumer follows, and another one comes.
class Exclusion : public ::testing::Test {
 protected:
  Exclusion() {
    pipeline_.sql(
        "CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item');"
        "SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
    pipeline_.start_consumer();
  }

  void SetUp() override {
    ASSERT_EQ(pipeline_.lasting_difference("item", "id"), "") << pipeline_.consumer().errors();
  }

  std::vector<std::string> consumer_of_another_file() {
    auto command = pipeline_.consumer_command();
    command.back() = pipeline_.file().string() + "-other";
    return command;
  }

  void expect_first_still_follows() {
    pipeline_.sql("INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item");
    EXPECT_EQ(pipeline_.lasting_difference("item", "id"), "") << pipeline_.consumer().errors();
    EXPECT_TRUE(pipeline_.consumer().running());
  }

  Pipeline pipeline_;
};

TEST_F(Exclusion, ASecondConsumerOnTheSameFileIsRefused) {
  const auto second = run(pipeline_.consumer_command());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("another mailboat-consumer is writing '" + pipeline_.file().string()),
            std::string::npos)
      << second.errors;
  expect_first_still_follows();
}

TEST_F(Exclusion, ASecondFileOnTheSameSubscriptionIsRefused) {
  const auto second = run(consumer_of_another_file());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("subscription 'replica' already feeds another consumer"), std::string::npos);
  EXPECT_NE(second.errors.find("mailboat subscribe NAME"), std::string::npos) << second.errors;
  EXPECT_EQ(occurrences(second.errors, "waiting to try again"), 1) << second.errors;
  expect_first_still_follows();
}

TEST_F(Exclusion, AConsumerRestartedAfterItWasKilledGetsThroughAtOnce) {
  pipeline_.consumer().kill(SIGKILL);
  EXPECT_TRUE(pipeline_.start_consumer().wait_for_output("following", seconds(3)))
      << pipeline_.consumer().errors();
  expect_first_still_follows();
}

TEST_F(Exclusion, AnotherFileTakesOverWithoutHelpOnceTheFirstConsumerIsDead) {
  pipeline_.kill_consumer();
  pipeline_.start_consumer_as(consumer_of_another_file());
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("following")) << pipeline_.consumer().errors();
}

TEST_F(Exclusion, AConsumerFindsItsProducerAgainAfterThatWasKilled) {
  pipeline_.kill_producer();
  pipeline_.start_producer();
  expect_first_still_follows();
}

}  // namespace
}  // namespace mailboat::test
