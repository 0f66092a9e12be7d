#include <csignal>
#include <gtest/gtest.h>
#include <random>
#include <regex>

#include "common/codec.hpp"
#include "tests/faults/pipeline.hpp"
#include "tests/faults/stranger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

constexpr auto dropped = "a message that is not ours was dropped";

class BadMessage : public ::testing::Test {
 protected:
  BadMessage() {
    pipeline_.sql(
        "CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item');"
        "SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
    pipeline_.start_consumer();
  }
  void SetUp() override { ASSERT_EQ(pipeline_.lasting_difference("item", "id"), ""); }

  void expect_dropped(int count) {
    EXPECT_TRUE(eventually([&] { return occurrences(pipeline_.producer().errors(), dropped) >= count; }))
        << pipeline_.producer().errors();
    expect_unaffected();
  }

  /// Lines, and what they say was left out in between.
  std::size_t counted_as_dropped() {
    const std::string said = pipeline_.producer().errors();
    const std::regex line(std::string(dropped) + "[^\n]*?( left_out=(\\d+))?\n");
    std::size_t count = 0;
    for (std::sregex_iterator match(said.begin(), said.end(), line), end; match != end; ++match)
      count += 1 + ((*match)[2].matched ? std::stoul((*match)[2]) : 0);
    return count;
  }

  /// The consumer still follows, in the session that it had.
  void expect_unaffected() {
    pipeline_.sql("INSERT INTO item SELECT coalesce(max(id), 0) + 1 FROM item");
    EXPECT_EQ(pipeline_.lasting_difference("item", "id"), "") << pipeline_.producer().errors();
    EXPECT_TRUE(pipeline_.producer().running()) << pipeline_.producer().errors();
    EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "following"), 1) << pipeline_.consumer().errors();
  }

  Pipeline pipeline_;
  Stranger stranger_{pipeline_.endpoint()};
};

const Hello hello{protocol_version,
                  "replica",
                  "somebody",
                  Cursor{{1, 2, 3}, Snapshot::parse("10:20:10,15")},
                  {{"public.item", {"7"}, 7}},
                  8};

TEST_F(BadMessage, OfRandomBytesIsLoggedAndDropped) {
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed()));
  for (int message = 0; message < 500; ++message) {
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    stranger_.send(bytes);
  }
  expect_dropped(1);
}

TEST_F(BadMessage, CutShortIsLoggedAndDropped) {
  const auto whole = encode(FromConsumer{hello});
  for (std::size_t length = 0; length < whole.size(); ++length) stranger_.send(whole.substr(0, length));
  expect_dropped(1);
  pipeline_.producer().kill(SIGTERM);  // what it has left out is said in the end
  ASSERT_EQ(pipeline_.producer().wait(std::chrono::seconds(30)), 0);
  EXPECT_EQ(counted_as_dropped(), whole.size()) << pipeline_.producer().errors();
}

TEST_F(BadMessage, OfSeveralPartsIsLoggedAndDropped) {
  stranger_.send("one", true);
  stranger_.send("two", true);
  stranger_.send(encode(FromConsumer{hello}));
  expect_dropped(1);
}

TEST_F(BadMessage, OfManyMegabytesNeitherStopsNorFillsTheProducer) {
  stranger_.send(std::string(3 << 20, 'x'));
  expect_dropped(1);
  stranger_.send(std::string(30 << 20, 'x'));  // beyond what the socket takes: the stranger is cut off
  Stranger another(pipeline_.endpoint());
  another.send("a sign that the large one has been dealt with");
  expect_dropped(2);
  if (!sanitized) {
    EXPECT_LT(pipeline_.producer().peak_memory(), 128 << 20);
  }
}

TEST_F(BadMessage, WithNonsenseInItsFieldsIsLoggedAndDropped) {
  auto text = encode(FromConsumer{hello});
  text.replace(text.find("10:20:10,15"), 11, "99:20:10,15");
  stranger_.send(text);
  expect_dropped(1);
}

TEST_F(BadMessage, OutOfTurnIsAnsweredAndDropped) {
  stranger_.send(encode(FromConsumer{Ack{Snapshot::parse("10:20:"), 99, 99}}));
  stranger_.send(encode(FromConsumer{Credit{1000}}));
  stranger_.send(encode(FromConsumer{Rejected{{{1, 2, "an event of somebody else"}}}}));
  stranger_.send(encode(FromConsumer{Retried{{{1, RetryOutcome::Result::Applied, ""}}}}));
  stranger_.send(encode(FromConsumer{Heartbeat{}}));
  stranger_.send(encode(FromConsumer{Goodbye{}}));
  expect_unaffected();
  EXPECT_EQ(pipeline_.value("SELECT count(*) FROM outbox.rejection"), "0");
}

TEST_F(BadMessage, ThatSpeaksAnotherProtocolIsRefused) {
  auto other = hello;
  other.protocol = protocol_version + 1;
  stranger_.send(encode(FromConsumer{other}));
  EXPECT_TRUE(pipeline_.producer().wait_for_output("install the same version of mailboat on both sides"));
  expect_unaffected();
}

}  // namespace
}  // namespace mailboat::test
