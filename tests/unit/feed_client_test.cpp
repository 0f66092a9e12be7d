#include "consumer/feed_client.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <thread>

#include "common/codec.hpp"

namespace mailboat::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto topic = "public.t";

SharedColumns columns(const std::string& type) {
  return std::make_shared<const std::vector<Column>>(std::vector<Column>{{"id", type, 1}, {"v", "text", 2}});
}

std::string frame() {
  Frame frame;
  for (int id = 1; id <= 500; ++id) {
    frame.events.add({1, 1, topic, Op::Insert,
                      "{\"id\":" + std::to_string(id) + R"(,"v":")" + std::string(100, 'x') + "\"}"});
  }
  return encode(FromProducer{frame});
}

/// A producer that never stops sending.
class EndlessConnection : public Connection {
 public:
  void receive(milliseconds /*timeout*/, const std::function<void(std::string_view)>& message) override {
    message(frame_);
    std::this_thread::yield();
  }
  void send(std::string /*bytes*/) override {}
  std::optional<Break> broken() override { return std::nullopt; }

 private:
  const std::string frame_ = frame();
};

class FeedClientTest : public ::testing::Test {
 protected:
  FeedClient::Received next(FeedClient& client) {
    auto received = client.next({}, seconds(60));
    if (!received) throw std::runtime_error("nothing has come");
    return *std::move(received);
  }
  ColumnsInForce columns_;
};

TEST_F(FeedClientTest, DecodesRowsOfFramesBeforeTheyAreAskedFor) {
  const auto wanted = columns("integer");
  columns_.set(topic, wanted);
  FeedClient client(std::make_unique<EndlessConnection>(), {}, seconds(1), columns_,
                    FeedClient::IfUnreachable::GiveUp);
  const auto received = next(client);
  ASSERT_EQ(received.rows.size(), 500U);
  const auto values = received.rows.of(6).as(wanted);
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].integer, 7);
  EXPECT_EQ(values[1].text, std::string(100, 'x'));
  EXPECT_TRUE(received.rows.of(6).as(columns("integer")).empty()) << "the same in words is not the same";
}

TEST_F(FeedClientTest, EndsInTheMiddleOfDecoding) {
  columns_.set(topic, columns("integer"));
  for (int i = 0; i < 10; ++i) {
    FeedClient client(std::make_unique<EndlessConnection>(), {}, seconds(1), columns_,
                      FeedClient::IfUnreachable::GiveUp);
    if (i % 2 == 0) next(client);
  }
}

TEST_F(FeedClientTest, DecodesEachFrameForColumnsThatWereInForceWhenItCame) {
  const auto numbers = columns("integer");
  const auto texts = columns("text");
  columns_.set(topic, numbers);
  FeedClient client(std::make_unique<EndlessConnection>(), {}, seconds(1), columns_,
                    FeedClient::IfUnreachable::GiveUp);
  std::jthread changer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      columns_.set(topic, texts);
      columns_.remove(topic);
      columns_.set(topic, numbers);
    }
  });
  for (int i = 0; i < 50; ++i) {
    const auto received = next(client);
    if (received.rows.size() == 0) continue;
    const auto row = received.rows.of(0);
    ASSERT_TRUE(row.columns == numbers.get() || row.columns == texts.get());
    EXPECT_EQ(row.values[0].kind, row.columns == numbers.get() ? Value::Kind::Integer : Value::Kind::Text);
  }
}

}  // namespace
}  // namespace mailboat::consumer
