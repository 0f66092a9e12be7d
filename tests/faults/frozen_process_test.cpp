#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// Programs that do not run for longer than the heartbeat allows, and then run on as if nothing had been.
class Frozen : public ItemPipeline {};

TEST_F(Frozen, ConsumerLosesItsSessionAndGoesOnInTheNext) {
  follow();
  pipeline_.consumer().kill(SIGSTOP);
  expect_said(pipeline_.producer(), "a consumer has fallen silent");
  EXPECT_TRUE(pipeline_.becomes_connected(false)) << "the subscription is still taken";
  change_everything();
  EXPECT_NE(pipeline_.status().find("away"), std::string::npos) << pipeline_.status();

  pipeline_.consumer().kill(SIGCONT);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(pipeline_.becomes_connected());
  expect_said(pipeline_.producer(), "a consumer has fallen silent");
}

TEST_F(Frozen, ConsumerInTheMiddleOfAWindowAppliesItOnce) {
  follow();
  insert_large(10);
  ASSERT_TRUE(eventually([&] {
    return std::filesystem::file_size(pipeline_.file().string() + "-wal") > (2 << 20) || is_equal();
  }));
  pipeline_.consumer().kill(SIGSTOP);
  expect_said(pipeline_.producer(), "a consumer has fallen silent");
  pipeline_.consumer().kill(SIGCONT);
  change_everything();
  EXPECT_TRUE(becomes_equal());
}

TEST_F(Frozen, ProducerIsMissedOnceAndFollowedAgain) {
  follow();
  pipeline_.producer().kill(SIGSTOP);
  change_everything();
  expect_said(pipeline_.consumer(), silence);

  pipeline_.producer().kill(SIGCONT);
  EXPECT_TRUE(becomes_equal());
  expect_said(pipeline_.consumer(), "working again");
  expect_said(pipeline_.consumer(), "it has been silent");
}

TEST_F(Frozen, ProducerInTheMiddleOfAWindowLeavesNothingBehind) {
  follow();
  insert_large(10);
  ASSERT_TRUE(eventually([&] {
    return std::filesystem::file_size(pipeline_.file().string() + "-wal") > (2 << 20) || is_equal();
  }));
  pipeline_.producer().kill(SIGSTOP);
  EXPECT_TRUE(pipeline_.consumer().wait_for_output(silence)) << pipeline_.said();
  pipeline_.producer().kill(SIGCONT);
  change_everything();
  EXPECT_TRUE(becomes_equal());
}

}  // namespace
}  // namespace mailboat::test
