#include "consumer/producers.hpp"

#include <gtest/gtest.h>
#include <map>

namespace mailboat::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What a producer at an address does with a heartbeat, as a test decides.
struct Answering {
  bool answers = false;
  bool is_broken = false;
  int asked = 0;
};

class ScriptedConnection : public Connection {
 public:
  explicit ScriptedConnection(Answering& script) : script_(script) {}
  void receive(milliseconds, const std::function<void(std::string_view)>& message) override {
    if (script_.answers && waiting_ > 0) message("an answer");
    waiting_ = 0;
  }
  void send(std::string) override {
    ++script_.asked;
    ++waiting_;
  }
  std::optional<Break> broken() override {
    return script_.is_broken ? std::optional(Break::Unreachable) : std::nullopt;
  }

 private:
  Answering& script_;
  int waiting_ = 0;
};

class ProducersTest : public ::testing::Test {
 protected:
  std::string choose() { return producers_.choose(now_); }
  void fail() { producers_.failed(now_); }

  /// Looks as often as a busy consumer does; true when one that is better answers within `time`.
  bool better_answers_within(seconds time) {
    for (const auto end = now_ + time; now_ < end; now_ += milliseconds(100)) {
      if (producers_.better_answers(now_)) return true;
    }
    return false;
  }

  Producers::Clock::time_point now_{seconds(1000)};
  std::map<std::string, Answering> network_;
  Producers producers_{{"first", "second", "third"}, seconds(1), [this](const std::string& endpoint) {
                         return std::make_unique<ScriptedConnection>(network_[endpoint]);
                       }};
};

TEST_F(ProducersTest, TheFirstInTheListIsPreferred) {
  EXPECT_EQ(choose(), "first");
  producers_.served();
  EXPECT_EQ(choose(), "first");
}

TEST_F(ProducersTest, OneThatFailsIsPassedOverForThirtyHeartbeats) {
  choose();
  fail();
  EXPECT_EQ(choose(), "second");
  now_ += seconds(29);
  EXPECT_EQ(choose(), "second");
  now_ += seconds(1);
  EXPECT_EQ(choose(), "first");
}

TEST_F(ProducersTest, WhereAllFailTheyTakeTurns) {
  std::string order;
  for (int i = 0; i < 7; ++i) {
    order += choose() + ' ';
    fail();
    now_ += milliseconds(50);
  }
  EXPECT_EQ(order, "first second third first second third first ");
}

TEST_F(ProducersTest, NoneIsPassedOverAfterAllHaveFailedAtATimeAndOneServesAgain) {
  for (int i = 0; i < 11; ++i) {
    choose();
    fail();
  }
  ASSERT_EQ(choose(), "third");
  producers_.served();
  network_["first"].answers = true;
  EXPECT_TRUE(better_answers_within(seconds(10)));
  EXPECT_EQ(choose(), "first");
}

TEST_F(ProducersTest, ARefusalIsFinalOnceAllHaveRefusedSinceOneServed) {
  const auto refuse = [this] { return producers_.refused(now_); };
  EXPECT_EQ(choose(), "first");
  EXPECT_TRUE(refuse()) << "there are two more";
  EXPECT_EQ(choose(), "second");
  EXPECT_TRUE(refuse()) << "there is one more";
  EXPECT_EQ(choose(), "third");
  producers_.served();
  EXPECT_TRUE(refuse()) << "the others may think otherwise now";
  choose();
  EXPECT_TRUE(refuse());
  choose();
  EXPECT_FALSE(refuse());
}

TEST_F(ProducersTest, OneThatFailsAgainAndAgainIsPassedOverForLonger) {
  seconds passed{0};
  for (const int expected : {30, 60, 120, 240, 480, 960, 1920, 1920}) {
    choose();
    fail();
    const auto failed_at = now_;
    while (choose() == "second") now_ += seconds(1);
    passed = std::chrono::duration_cast<seconds>(now_ - failed_at);
    EXPECT_EQ(passed.count(), expected);
  }
  producers_.served();
  choose();
  fail();
  now_ += seconds(30);
  EXPECT_EQ(choose(), "first");
}

TEST_F(ProducersTest, AnEarlierOneIsGoneBackToOnceItAnswersSteadily) {
  choose();
  fail();
  ASSERT_EQ(choose(), "second");
  network_["first"].answers = true;
  EXPECT_FALSE(better_answers_within(seconds(30))) << "not while it is passed over";
  EXPECT_EQ(network_["first"].asked, 0);
  EXPECT_TRUE(better_answers_within(seconds(5)));
  EXPECT_EQ(network_["first"].asked, 3);
  EXPECT_EQ(choose(), "first");
}

TEST_F(ProducersTest, AnEarlierOneThatIsSilentOrGoneIsPassedOverAgain) {
  choose();
  fail();
  choose();
  now_ += seconds(30);
  EXPECT_FALSE(better_answers_within(seconds(10)));
  EXPECT_EQ(choose(), "second") << "although its time was over";
  now_ += seconds(60);
  network_["first"].is_broken = true;
  EXPECT_FALSE(better_answers_within(seconds(2)));
  EXPECT_EQ(choose(), "second");
}

TEST_F(ProducersTest, LaterOnesAreNotAsked) {
  network_["second"].answers = network_["third"].answers = true;
  choose();
  EXPECT_FALSE(better_answers_within(seconds(100)));
  EXPECT_EQ(network_["second"].asked + network_["third"].asked, 0);
}

}  // namespace
}  // namespace mailboat::consumer
