#include <filesystem>

#include "common/codec.hpp"
#include "tests/faults/secured_feed.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/raw_tcp.hpp"

// Beyond loopback nobody reads or writes without a key. Loopback with keys behaves the same.

namespace mailboat::test {
namespace {

constexpr auto turned_away = "its key is not on the allow list";

class KeyedFeed : public SecuredFeed {
 protected:
  KeyedFeed() { pipeline_.sql("SELECT outbox.subscribe('other')"); }

  /// Nothing at all, or refusals only: no rows, no descriptions, no Welcome.
  static void expect_nothing_but_refusals(const std::vector<std::string>& messages) {
    for (const auto& message : messages) {
      const auto decoded = decode_from_producer(message);
      EXPECT_TRUE(std::holds_alternative<Refusal>(decoded)) << "something was told to a stranger";
    }
  }
  [[nodiscard]] bool was_said(const std::string& words, int times) {
    return eventually([&] { return occurrences(pipeline_.producer().errors(), words) >= times; });
  }
};

TEST_F(KeyedFeed, ServesWhoIsOnTheListWithWhatStandsThere) {
  insert(100);
  follow_with_keys();
  change_everything();
  EXPECT_TRUE(becomes_equal());
  pipeline_.kill_producer();
  start_producer();
  expect_goes_on();
}

TEST_F(KeyedFeed, ShowsNothingToAKeyThatIsNotOnTheList) {
  follow_with_keys();
  RawPeer stranger(endpoint_, producer_keys_.public_key, make_key_pair());
  for (int i = 0; i < 5; ++i) stranger.send(hello_for(Pipeline::subscription));
  EXPECT_TRUE(was_said(turned_away, 1)) << pipeline_.said();
  insert();
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(stranger.received().empty());
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "session begins"), 1) << pipeline_.said();
}

TEST_F(KeyedFeed, ShowsNothingOfASubscriptionToTheKeyOfAnother) {
  const auto others = make_key_pair();
  write_allow_list(entry(consumer_keys_, Pipeline::subscription) + entry(others, "other"));
  follow_with_keys();
  RawPeer peer(endpoint_, producer_keys_.public_key, others);
  peer.send(hello_for(Pipeline::subscription));
  peer.send(hello_for("there is none"));
  std::vector<std::string> answers;
  EXPECT_TRUE(eventually([&] {
    for (auto& message : peer.received()) answers.push_back(std::move(message));
    return answers.size() >= 2;
  }));
  expect_nothing_but_refusals(answers);
  for (const auto& answer : answers) {
    const auto refusal = std::get<Refusal>(decode_from_producer(answer));
    EXPECT_EQ(refusal.code, RefusalCode::NotAllowed);
    // The same words, so that nobody finds out which subscriptions there are.
    EXPECT_EQ(refusal.text, std::get<Refusal>(decode_from_producer(answers.front())).text);
  }
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "session begins"), 1) << pipeline_.said();

  peer.send(hello_for("other"));  // its own it may take, over the same connection
  EXPECT_TRUE(was_said("session begins", 2)) << pipeline_.said();
  expect_goes_on();
}

TEST_F(KeyedFeed, HearsNothingFromAPeerWithoutKeys) {
  follow_with_keys();
  RawPeer peer(endpoint_);
  peer.send(hello_for(Pipeline::subscription));
  auto& consumer = pipeline_.start_consumer();
  EXPECT_TRUE(consumer.wait_for_output("it wants keys, and this consumer has none")) << pipeline_.said();
  EXPECT_TRUE(peer.received().empty());
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "session begins"), 1) << pipeline_.said();
  EXPECT_EQ(pipeline_.producer().errors().find("not ours"), std::string::npos) << pipeline_.said();
}

/// What somebody types who knows ZeroMQ's wire format. Source: https://rfc.zeromq.org/spec/23/ (ZMTP 3.0),
/// /spec/15/ (2.0), /spec/13/ (1.0).
std::string greeting(const std::string& mechanism) {
  std::string bytes = std::string("\xff\0\0\0\0\0\0\0\1\x7f", 10) + '\3' + '\0' + mechanism;
  bytes.resize(64, '\0');
  return bytes;
}
std::string short_frame(char flags, const std::string& body) {
  return std::string{flags, static_cast<char>(body.size())} + body;
}

struct Dialect {
  std::string name;
  std::string opening;
};
void PrintTo(const Dialect& dialect, std::ostream* out) { *out << dialect.name; }

std::string property(const std::string& name, const std::string& value) {
  const auto size = [](const std::string& text) { return static_cast<char>(text.size()); };
  return size(name) + name + std::string(3, '\0') + size(value) + value;
}

const std::string ready = "\5READY" + property("Socket-Type", "DEALER") + property("Identity", "");

const std::vector<Dialect> dialects = {
    {"Zmtp3WithoutKeys", greeting("NULL") + short_frame('\4', ready)},
    {"Zmtp3WithoutKeysThatForgesAUser",
     greeting("NULL") + short_frame('\4', ready + property("User-Id", "admin"))},
    {"Zmtp3WithAPassword", greeting("PLAIN") + short_frame('\4', "\5HELLO\5admin\5admin")},
    {"Zmtp3ThatSkipsTheHandshake", greeting("CURVE")},
    {"Zmtp2", std::string("\xff\0\0\0\0\0\0\0\1\x7f\1\5\0\0", 14)},
    {"Zmtp1", std::string("\1\0", 2)},
};

class KeyedFeedByHand : public KeyedFeed, public ::testing::WithParamInterface<Dialect> {};

TEST_P(KeyedFeedByHand, TellsNothingAndHangsUp) {
  insert(1, "a secret of the source");
  follow_with_keys();
  RawTcp peer(endpoint_);
  peer.send(GetParam().opening + short_frame('\0', hello_for(Pipeline::subscription)));
  // What a DEALER of ZMTP 1.0 frames look like: length, flags, body.
  peer.send(std::string("\x7f\0", 2) + hello_for(Pipeline::subscription));
  const auto told = peer.read_to_end();
  ASSERT_TRUE(told) << "the producer does not hang up";
  EXPECT_LE(told->size(), 64U + 32U) << "more than a greeting";
  EXPECT_EQ(told->find("secret of the source"), std::string::npos);
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "session begins"), 1) << pipeline_.said();
  expect_goes_on();
}

INSTANTIATE_TEST_SUITE_P(In, KeyedFeedByHand, ::testing::ValuesIn(dialects),
                         [](const auto& test) { return test.param.name; });

TEST_F(KeyedFeed, IsNotReadFromAProducerWithAnotherKey) {
  start_producer();
  auto& consumer = pipeline_.start_consumer(consumer_arguments(make_key_pair().public_key, "consumer.key"));
  EXPECT_TRUE(consumer.wait_for_output("producer-key is not its public key")) << pipeline_.said();
  EXPECT_EQ(pipeline_.producer().errors().find("session begins"), std::string::npos) << pipeline_.said();
  EXPECT_TRUE(consumer.running());
}

TEST_F(KeyedFeed, IsNotReadFromAProducerWithoutKeys) {
  pipeline_.start_producer(quick);
  auto& consumer = pipeline_.start_consumer(consumer_arguments(producer_keys_.public_key, "consumer.key"));
  EXPECT_TRUE(consumer.wait_for_output("it has no keys")) << pipeline_.said();
  EXPECT_EQ(pipeline_.producer().errors().find("session begins"), std::string::npos) << pipeline_.said();
}

TEST_F(KeyedFeed, TellsAConsumerThatIsNotOnTheListWhatToDoAndTakesItOnceItIs) {
  const auto late = make_keys("late.key");
  start_producer();
  auto& consumer = pipeline_.start_consumer(consumer_arguments(producer_keys_.public_key, "late.key"));
  EXPECT_TRUE(consumer.wait_for_output("put on the producer's allow list")) << pipeline_.said();
  EXPECT_TRUE(pipeline_.producer().wait_for_output(turned_away)) << pipeline_.said();
  EXPECT_NE(pipeline_.producer().errors().find(late.public_key), std::string::npos) << pipeline_.said();
  write_allow_list(entry(late, Pipeline::subscription));
  reload("the allow list was read again");
  expect_goes_on();
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 1) << pipeline_.said();
}

TEST_F(KeyedFeed, EndsTheSessionOfAKeyThatIsTakenOffTheList) {
  follow_with_keys();
  const auto others = make_key_pair();
  write_allow_list(entry(others, Pipeline::subscription) + entry(consumer_keys_, "other"));
  reload("a session ends: the allow list has changed");
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("the allow list does not let")) << pipeline_.said();
  EXPECT_TRUE(pipeline_.becomes_connected(false));
  insert(1, "not for those who are off the list");
  EXPECT_TRUE(was_said("session refused", 1)) << pipeline_.said();
  EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item"), 0);

  write_allow_list(entry(consumer_keys_, Pipeline::subscription));
  reload("the allow list was read again");
  expect_goes_on();
}

TEST_F(KeyedFeed, KeepsTheListWhenTheNewOneIsBroken) {
  follow_with_keys();
  write_allow_list("[[consumer]]\nkey = 'short'\nsubscriptions = ['replica']\n");
  reload("the allow list was not read again; the one from before holds");
  EXPECT_NE(pipeline_.producer().errors().find("allow.toml, line 2: consumer 1: key"), std::string::npos)
      << pipeline_.said();
  expect_goes_on();
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "session begins"), 1) << pipeline_.said();
  std::filesystem::remove(path_of("allow.toml"));
  pipeline_.producer().kill(SIGHUP);
  EXPECT_TRUE(was_said("the one from before holds", 2)) << pipeline_.said();
  start_consumer();
  expect_goes_on();
}

TEST_F(KeyedFeed, IsNotTakenInBeyondTheMessageLimitAndSaysSo) {
  insert(1, std::string(5 << 20, 'x'));
  start_producer();
  auto limited = consumer_arguments(producer_keys_.public_key, "consumer.key");
  limited.insert(limited.end(), {"--message-limit", "2MiB"});
  auto& consumer = pipeline_.start_consumer(limited);
  EXPECT_TRUE(consumer.wait_for_output("a message was larger than message_limit")) << pipeline_.said();
  start_consumer();
  expect_goes_on();
}

TEST_F(KeyedFeed, WithoutAnAllowListSurvivesAHangup) {
  pipeline_.start_producer(quick);
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(becomes_equal());
  reload("there is no allow list to read again");
  expect_goes_on();
}

}  // namespace
}  // namespace mailboat::test
