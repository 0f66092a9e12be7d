#include <atomic>
#include <list>
#include <random>
#include <sys/resource.h>
#include <thread>

#include "common/codec.hpp"
#include "tests/faults/secured_feed.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/raw_tcp.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/seed.hpp"

// Whoever can reach the port can attack it. The consumers that there are go on, and another one gets in.

namespace mailboat::test {
namespace {

// The beginning of ZMTP 3.0 with CURVE. Source: https://rfc.zeromq.org/spec/23/.
std::string greeting() {
  auto bytes = std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0", 12) + "CURVE";
  bytes.resize(64, '\0');
  return bytes;
}

std::string random_bytes(std::size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Somebody who does the same over and over until he is stopped.
class Attacker {
 public:
  explicit Attacker(std::function<void()> blow)
      : thread_([this, blow = std::move(blow)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            blow();
            ++blows_;
          }
        }) {}

  [[nodiscard]] bool has_struck(int times) const {
    return eventually([&] { return blows_ >= times; });
  }

 private:
  std::atomic<int> blows_ = 0;
  std::jthread thread_;  // last: it uses everything above
};

class AttackedFeed : public SecuredFeed {
 protected:
  AttackedFeed() { pipeline_.sql("SELECT outbox.subscribe('other')"); }
  void SetUp() override {
    write_allow_list(entry(consumer_keys_, Pipeline::subscription) + entry(insider_, "other"));
    follow_with_keys();
  }

  /// The consumer's session goes on, and after that a new one begins.
  void expect_served() {
    expect_goes_on();
    EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "following"), 1) << pipeline_.said();
    start_consumer();
    expect_goes_on();
    expect_unharmed();
  }
  void expect_unharmed() {
    EXPECT_TRUE(pipeline_.producer().running()) << pipeline_.said();
    if (!sanitized) {
      EXPECT_LT(pipeline_.producer().peak_memory(), 200U << 20);
    }
  }

  const KeyPair insider_ = make_key_pair();
};

/// As many connections as this process may have, at most `wanted`.
std::list<RawTcp> connections_to(const std::string& endpoint, std::size_t wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto most = std::min<std::size_t>(wanted, files.rlim_cur > 300 ? files.rlim_cur - 200 : 100);
  std::list<RawTcp> connections;
  while (connections.size() < most) connections.emplace_back(endpoint);
  return connections;
}

TEST_F(AttackedFeed, OutlivesConnectionsThatSayNothingAndHangsUpOnThem) {
  const auto silent = connections_to(endpoint_, 700);
  expect_served();
  EXPECT_TRUE(silent.front().read_to_end()) << "the producer keeps a connection that says nothing";
  EXPECT_TRUE(silent.back().read_to_end());
}

TEST_F(AttackedFeed, OutlivesHalfHandshakesAndHangsUpOnThem) {
  const auto half = connections_to(endpoint_, 300);
  // HELLO, with its size and with a signature of nothing.
  const auto hello = std::string("\4\xc8", 2) + "\5HELLO" + std::string("\1\0", 2);
  int number = 0;
  for (const auto& connection : half) {
    connection.send(greeting());
    if (number++ % 2 == 0) connection.send(hello + std::string(static_cast<std::size_t>(number % 190), '\0'));
  }
  expect_served();
  EXPECT_TRUE(half.front().read_to_end());
  EXPECT_TRUE(half.back().read_to_end());
}

TEST_F(AttackedFeed, OutlivesMoreConnectionsThanItHasFileDescriptors) {
  const rlimit few{150, 150};
  ASSERT_EQ(::prlimit(pipeline_.producer().id(), RLIMIT_NOFILE, &few, nullptr), 0);
  {
    const auto silent = connections_to(endpoint_, 250);
    expect_goes_on();
    EXPECT_TRUE(silent.front().read_to_end());
  }
  start_consumer();  // gets in as soon as others are out
  expect_goes_on();
  expect_unharmed();
}

TEST_F(AttackedFeed, EndsAtSigtermAlthoughHellosGoOnComing) {
  pipeline_.consumer().kill(SIGSTOP);
  insert();  // its session waits a while for the acknowledgement
  int replicas = 0;
  const Attacker attacker([&] {
    RawPeer peer(endpoint_, producer_keys_.public_key, insider_);
    peer.send(hello_for("other", std::to_string(++replicas)));
    eventually([&] { return !peer.received().empty(); }, std::chrono::seconds(1));
  });
  ASSERT_TRUE(attacker.has_struck(3));
  pipeline_.producer().kill(SIGTERM);
  EXPECT_TRUE(pipeline_.producer().wait(std::chrono::seconds(30))) << pipeline_.said();
}

TEST_F(AttackedFeed, OutlivesGarbage) {
  std::mt19937_64 random(seed());
  const Attacker attacker([&] {
    const RawTcp peer(endpoint_);
    if (random() % 2 == 0) peer.send(greeting());
    peer.send(random_bytes(random() % 20'000, random));
  });
  ASSERT_TRUE(attacker.has_struck(200));
  expect_served();
}

TEST_F(AttackedFeed, OutlivesFramesThatClaimToBeHuge) {
  const Attacker attacker([&] {
    const RawTcp peer(endpoint_);
    // A command of 2^62 bytes begins.
    peer.send(greeting() + "\6\x40" + std::string(7, '\0') + "\5HELLO" + std::string(100'000, 'x'));
  });
  ASSERT_TRUE(attacker.has_struck(100));
  expect_served();
}

TEST_F(AttackedFeed, OutlivesHugeMessagesOfAConsumer) {
  RawPeer insider(endpoint_, producer_keys_.public_key, insider_);
  insider.send(hello_for("other"));
  EXPECT_TRUE(eventually([&] { return !insider.received().empty(); })) << pipeline_.said();
  insider.send(std::string(30 << 20, 'x'));
  expect_served();
}

TEST_F(AttackedFeed, OutlivesHandshakesWithNewKeysForEverAndDoesNotFillItsLog) {
  const Attacker attacker([&] {
    RawPeer stranger(endpoint_, producer_keys_.public_key, make_key_pair());
    stranger.send(hello_for(Pipeline::subscription));
    eventually([&] { return !stranger.received().empty(); }, std::chrono::milliseconds(20));
  });
  ASSERT_TRUE(attacker.has_struck(60));
  expect_served();
  EXPECT_LE(occurrences(pipeline_.producer().errors(), "turned away"), 20) << pipeline_.said();
}

TEST_F(AttackedFeed, OutlivesHellosWithoutEnd) {
  RawPeer insider(endpoint_, producer_keys_.public_key, insider_);
  std::atomic<std::uint64_t> number = 0;
  const Attacker attacker([&] {
    const auto replica = "replica " + std::to_string(++number);
    for (const auto* subscription : {"other", Pipeline::subscription, "there is none"})
      insider.try_send(hello_for(subscription, replica));
    std::vector<std::unique_ptr<RawPeer>> more;
    for (int i = 0; i < 5; ++i) {
      more.push_back(std::make_unique<RawPeer>(endpoint_, producer_keys_.public_key, insider_));
      more.back()->send(hello_for("other", replica + std::to_string(i)));
    }
    eventually([&] { return !more.back()->received().empty(); }, std::chrono::milliseconds(100));
  });
  ASSERT_TRUE(attacker.has_struck(20));
  auto connection = pipeline_.connect();
  for (int i = 0; i < 20; ++i) {
    EXPECT_LE(connection
                  .query("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                         "'mailboat-producer/other' AND datname = current_database()")
                  .int64(0, 0),
              4);
  }
  expect_served();
  EXPECT_LE(occurrences(pipeline_.producer().errors(), "session refused"), 200) << "the log fills up";
}

TEST_F(AttackedFeed, OutlivesAConsumerThatTalksForEverAndNeverListens) {
  RawPeer insider(endpoint_, producer_keys_.public_key, insider_);
  insider.send(hello_for("other"));
  std::atomic<std::uint64_t> sent = 0;
  const auto heartbeat = encode(FromConsumer{Heartbeat{}});
  const auto ack = encode(FromConsumer{Ack{Snapshot::parse("10:20:"), 99, 99}});
  const Attacker attacker([&] {
    for (int i = 0; i < 100; ++i) {
      if (insider.try_send(heartbeat) && insider.try_send(ack)) ++sent;
    }
  });
  EXPECT_TRUE(eventually([&] { return sent > 20'000; }, std::chrono::seconds(60)));
  expect_served();
}

}  // namespace
}  // namespace mailboat::test
