#include <atomic>
#include <memory>
#include <tuple>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/message_proxy.hpp"

namespace mailboat::test {
namespace {

using Treatment = MessageProxy::Treatment;

/// Frames and answers that come twice, late, in another order or not at all.
class RepeatedMessage : public ItemPipeline {
 protected:
  RepeatedMessage() { pipeline_.connect_through(proxy_endpoint_); }

  /// A rule that treats one frame of all that come: the first with this index.
  static MessageProxy::FromProducerRule once(std::uint32_t index, Treatment treatment) {
    auto done = std::make_shared<bool>(false);
    return [=](const FromProducer& message) {
      const auto* frame = std::get_if<Frame>(&message);
      if (frame == nullptr || frame->index != index || *done) return Treatment::Pass;
      *done = true;
      return treatment;
    };
  }

  /// A window of some frames passes by while the rule holds, and what it treated comes later if it comes.
  void expect_survived(MessageProxy::FromProducerRule rule) {
    proxy_.treat(std::move(rule));
    insert_large(5);
    EXPECT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << pipeline_.said();
    proxy_.pass_all();
    insert();  // whatever was lost at the end is noticed by what follows
    EXPECT_TRUE(becomes_equal());
    proxy_.release();
    expect_goes_on();
    EXPECT_TRUE(pipeline_.consumer().running());
    EXPECT_TRUE(pipeline_.producer().running());
  }

  std::string proxy_endpoint_ = "ipc://" + (pipeline_.folder() / "proxy").string();
  MessageProxy proxy_{proxy_endpoint_, pipeline_.endpoint()};
};

class RepeatedFrame : public RepeatedMessage,
                      public ::testing::WithParamInterface<std::tuple<std::uint32_t, Treatment>> {};

TEST_P(RepeatedFrame, IsNotAppliedTwiceAndNothingIsMissed) {
  follow();
  const auto [index, treatment] = GetParam();
  expect_survived(once(index, treatment));
}

std::string name_of(const ::testing::TestParamInfo<RepeatedFrame::ParamType>& test) {
  const auto [index, treatment] = test.param;
  const std::vector<std::string> names{"Passed", "Held", "Dropped", "Doubled", "Replayed"};
  return names.at(static_cast<std::size_t>(treatment)) + "AtIndex" + std::to_string(index);
}

INSTANTIATE_TEST_SUITE_P(Frame, RepeatedFrame,
                         ::testing::Combine(::testing::Values(0U, 2U),
                                            ::testing::Values(Treatment::Duplicate, Treatment::Drop,
                                                              Treatment::Hold, Treatment::Keep)),
                         name_of);

TEST_F(RepeatedMessage, FramesOfAnOldSessionAreDroppedInTheNext) {
  follow();
  proxy_.treat(from_producer<Frame>(Treatment::Keep));
  for (int i = 0; i < 3; ++i) {
    change_everything();
    ASSERT_TRUE(becomes_equal());
  }
  proxy_.pass_all();
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(pipeline_.consumer().wait_for_output("following")) << pipeline_.said();
  proxy_.release();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("waiting to try again")) << pipeline_.said();
  expect_goes_on();
}

TEST_F(RepeatedMessage, EveryAnswerOfTheConsumerMayComeTwice) {
  proxy_.treat([](const FromConsumer&) { return Treatment::Duplicate; });
  follow();
  for (int i = 0; i < 3; ++i) {
    change_everything();
    insert_large(3);
    ASSERT_TRUE(becomes_equal());
  }
  EXPECT_TRUE(pipeline_.producer().wait_for_output("a second Hello on one connection was dropped"));
}

TEST_F(RepeatedMessage, OldAcknowledgementsDoNotTurnTheWrittenCursorBackForGood) {
  follow();
  proxy_.treat(from_consumer<Ack>(Treatment::Keep));
  for (int i = 0; i < 3; ++i) {
    change_everything();
    ASSERT_TRUE(becomes_equal());
  }
  proxy_.pass_all();
  proxy_.release();
  expect_goes_on();
  EXPECT_TRUE(eventually([&] {
    return pipeline_.value(
               "SELECT acked_event_id = (SELECT max(id) FROM outbox.event) FROM outbox.subscription") == "t";
  })) << pipeline_.said();
}

TEST_F(RepeatedMessage, ALostHelloOrWelcomeIsSaidAgain) {
  std::atomic<int> lost = 0;
  proxy_.treat([&lost](const FromConsumer& message) {
    return std::holds_alternative<Hello>(message) && lost++ == 0 ? Treatment::Drop : Treatment::Pass;
  });
  proxy_.treat([&lost](const FromProducer& message) {
    return std::holds_alternative<Welcome>(message) && lost++ == 1 ? Treatment::Drop : Treatment::Pass;
  });
  follow();
  EXPECT_GE(proxy_.treated(), 1);
}

}  // namespace
}  // namespace mailboat::test
