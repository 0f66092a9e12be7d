#include "tests/support/message_proxy.hpp"

#include <gtest/gtest.h>

#include "common/channel_zmq.hpp"
#include "common/codec.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using Treatment = MessageProxy::Treatment;

class Messages : public ::testing::Test {
 protected:
  void SetUp() override {
    say(1);
    ASSERT_TRUE(arrived({1}));
  }

  void say(std::uint64_t window) { consumer_->send(encode(FromConsumer{Ack{Snapshot(), window, 0}})); }
  void answer(std::uint32_t code) {
    producer_->send(peer_, encode(FromProducer{Refusal{RefusalCode::Busy, std::to_string(code)}}));
  }

  bool arrived(const std::vector<std::uint64_t>& windows) {
    return eventually([&] {
      consumer_->receive(milliseconds(0), [](std::string_view) {});  // sends what waits
      producer_->receive(milliseconds(1), {.message =
                                               [this](const Incoming& incoming) {
                                                 peer_ = incoming.peer;
                                                 const auto said = decode_from_consumer(incoming.bytes);
                                                 windows_.push_back(std::get<Ack>(said).window);
                                               },
                                           .unreachable = [](const PeerId&) {}});
      return windows_ == windows;
    });
  }
  bool answered(const std::vector<std::string>& texts) {
    return eventually([&] {
      producer_->receive(milliseconds(0), {});
      consumer_->receive(milliseconds(1), [this](std::string_view bytes) {
        texts_.push_back(std::get<Refusal>(decode_from_producer(bytes)).text);
      });
      return texts_ == texts;
    });
  }

  TempDir folder_;
  std::string behind_ = "ipc://" + (folder_.path() / "behind").string();
  std::string before_ = "ipc://" + (folder_.path() / "before").string();
  std::unique_ptr<Listener> producer_ = listen_zmq(behind_);
  MessageProxy proxy_{before_, behind_};
  std::unique_ptr<Connection> consumer_ = connect_zmq(before_);
  PeerId peer_;
  std::vector<std::uint64_t> windows_;
  std::vector<std::string> texts_;
};

/// A rule for the one acknowledgement of that window.
MessageProxy::FromConsumerRule window(std::uint64_t number, Treatment treatment) {
  return [number, treatment](const FromConsumer& message) {
    return std::get<Ack>(message).window == number ? treatment : Treatment::Pass;
  };
}

TEST_F(Messages, ArePassedOnBothWays) {
  say(2);
  EXPECT_TRUE(arrived({1, 2}));
  answer(7);
  EXPECT_TRUE(answered({"7"}));
  EXPECT_EQ(proxy_.treated(), 0);
}

TEST_F(Messages, AreHeldUntilReleased) {
  proxy_.treat(window(2, Treatment::Hold));
  say(2);
  say(3);
  EXPECT_TRUE(arrived({1, 3}));
  EXPECT_EQ(proxy_.treated(), 1);
  proxy_.release();
  EXPECT_TRUE(arrived({1, 3, 2}));
}

TEST_F(Messages, AreDropped) {
  proxy_.treat(window(2, Treatment::Drop));
  say(2);
  say(3);
  proxy_.release();
  EXPECT_TRUE(arrived({1, 3}));
}

TEST_F(Messages, AreDuplicatedBothWays) {
  proxy_.treat(window(2, Treatment::Duplicate));
  proxy_.treat(from_producer<Refusal>(Treatment::Duplicate));
  say(2);
  EXPECT_TRUE(arrived({1, 2, 2}));
  answer(7);
  EXPECT_TRUE(answered({"7", "7"}));
  proxy_.pass_all();
  say(3);
  EXPECT_TRUE(arrived({1, 2, 2, 3}));
}

TEST_F(Messages, AreReplayedToTheNextSession) {
  proxy_.treat(from_producer<Refusal>(Treatment::Keep));
  answer(7);
  ASSERT_TRUE(answered({"7"}));
  consumer_ = connect_zmq(before_);
  say(2);
  ASSERT_TRUE(arrived({1, 2}));
  proxy_.release();
  EXPECT_TRUE(answered({"7", "7"}));
}

}  // namespace
}  // namespace mailboat::test
