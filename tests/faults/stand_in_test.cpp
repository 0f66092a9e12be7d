#include <memory>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// Two producers, and consumers that know both.
class StandIn : public ItemPipeline {
 protected:
  /// Nothing that takes as long as a silence of five heartbeats can be waited for by a test.
  static inline const Pipeline::Arguments slow{"--heartbeat", "5min"};

  StandIn() {
    pipeline_.listen_at(first_);
    for (const auto* more : {"two", "three"})
      pipeline_.connect().query("SELECT outbox.subscribe($1)", {std::string(more)});
  }

  void start_first(const Pipeline::Arguments& arguments) { pipeline_.start_producer(arguments); }
  void start_second(const Pipeline::Arguments& arguments, const std::string& conninfo = {}) {
    auto command = pipeline_.producer_command(arguments);
    command[2] = conninfo.empty() ? pipeline_.conninfo() : conninfo;
    command[4] = second_;
    stand_in_.reset();
    stand_in_ = std::make_unique<Process>(std::move(command));
  }
  void start_both(const Pipeline::Arguments& arguments) {
    start_first(arguments);
    start_second(arguments);
    ASSERT_TRUE(pipeline_.producer().wait_for_output("is listening"));
    ASSERT_TRUE(stand_in_->wait_for_output("is listening"));
  }
  void start_consumer(Pipeline::Arguments arguments) {
    arguments.insert(arguments.end(), {"--producer", second_});
    pipeline_.start_consumer(arguments);
  }
  void follow_first(const Pipeline::Arguments& arguments) {
    start_both(arguments);
    start_consumer(arguments);
    ASSERT_TRUE(becomes_equal());
    ASSERT_EQ(sessions(*stand_in_), 0) << "the first in the list is preferred";
  }

  static int sessions(const Process& producer) { return occurrences(producer.errors(), "session begins"); }
  [[nodiscard]] std::string all_said() const {
    return pipeline_.said() + "second producer:\n" + stand_in_->errors();
  }
  void expect_second_serves() {
    change_everything();
    EXPECT_TRUE(becomes_equal()) << all_said();
    EXPECT_TRUE(stand_in_->wait_for_output("session begins")) << all_said();
    EXPECT_TRUE(pipeline_.consumer().running()) << all_said();
  }

  const std::string first_ = "ipc://" + (pipeline_.folder() / "first").string();
  const std::string second_ = "ipc://" + (pipeline_.folder() / "second").string();
  std::unique_ptr<Process> stand_in_;
};

constexpr auto ended = "the session of a producer that does not let go was ended";
constexpr auto goes_back = "a producer earlier in the list answers again";

TEST_F(StandIn, TakesOverFromAProducerThatIsKilledWithoutWaitingForHeartbeats) {
  follow_first(slow);
  pipeline_.producer().kill(SIGKILL);
  expect_second_serves();
}

TEST_F(StandIn, TakesOverFromAProducerThatStopsInGoodOrder) {
  follow_first(slow);
  pipeline_.producer().kill(SIGTERM);
  expect_second_serves();
  EXPECT_EQ(occurrences(stand_in_->errors(), ended), 0) << all_said();
}

TEST_F(StandIn, IsFoundWithoutWaitingForHeartbeatsWhereTheFirstIsNotThere) {
  start_second(slow);
  start_consumer(slow);
  expect_second_serves();
}

TEST_F(StandIn, TakesOverFromAProducerThatHangsAndHoldsTheSubscription) {
  follow_first(quick);
  pipeline_.producer().kill(SIGSTOP);
  expect_second_serves();
  expect_said(*stand_in_, ended);

  pipeline_.producer().kill(SIGCONT);
  const auto has_noticed = [this] {
    const auto said = pipeline_.producer().errors();
    return occurrences(said, "session ended") + occurrences(said, "session refused") +
               occurrences(said, "a consumer has fallen silent") >
           0;
  };
  EXPECT_TRUE(eventually(has_noticed)) << all_said();
  change_everything();
  EXPECT_TRUE(becomes_equal()) << all_said();
}

TEST_F(StandIn, TakesOverInTheMiddleOfALargeWindow) {
  follow_first(quick);
  insert_large(10);
  ASSERT_TRUE(eventually([&] {
    return std::filesystem::file_size(pipeline_.file().string() + "-wal") > (2 << 20) || is_equal();
  }));
  pipeline_.producer().kill(SIGSTOP);
  expect_second_serves();
  pipeline_.producer().kill(SIGCONT);
  change_everything();
  EXPECT_TRUE(becomes_equal()) << all_said();
}

TEST_F(StandIn, IsLeftForTheFirstOnceThatAnswersAgainAndStays) {
  follow_first(quick);
  pipeline_.producer().kill(SIGKILL);
  expect_second_serves();

  start_first(quick);
  EXPECT_TRUE(pipeline_.consumer().wait_for_output(goes_back)) << all_said();
  EXPECT_TRUE(pipeline_.producer().wait_for_output("session begins")) << all_said();
  change_everything();
  EXPECT_TRUE(becomes_equal()) << all_said();
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), goes_back), 1) << all_said();
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "following"), 3) << all_said();
}

TEST_F(StandIn, ThatMayNotEndTheOtherSessionSaysSoAndTheConsumerGoesOnTrying) {
  pipeline_.sql(
      "DO $$ BEGIN CREATE ROLE stand_in LOGIN IN ROLE outbox_producer; "
      "EXCEPTION WHEN duplicate_object THEN END $$");
  start_first(quick);
  start_second(quick, pipeline_.conninfo() + " user=stand_in");
  ASSERT_TRUE(pipeline_.producer().wait_for_output("is listening"));
  start_consumer(quick);
  ASSERT_TRUE(becomes_equal());
  pipeline_.producer().kill(SIGSTOP);
  change_everything();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("log in to PostgreSQL as one role")) << all_said();
  EXPECT_TRUE(pipeline_.consumer().running());
  pipeline_.producer().kill(SIGCONT);
  EXPECT_TRUE(becomes_equal()) << all_said();
}

TEST_F(StandIn, IsAskedWhereTheFirstRefusesForGood) {
  Pipeline other;
  other.listen_at(first_);
  other.start_producer(quick);
  start_second(quick);
  ASSERT_TRUE(other.producer().wait_for_output("is listening"));
  start_consumer(quick);
  expect_second_serves();
  expect_said(pipeline_.consumer(), "the producer refuses: there is no subscription 'replica'");

  stand_in_->kill(SIGTERM);
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("no answer from producer " + second_)) << all_said();
  pipeline_.sql("SELECT outbox.unsubscribe('replica')");
  start_second(quick);
  EXPECT_TRUE(pipeline_.consumer().wait(std::chrono::seconds(30))) << "now all refuse\n" << all_said();
}

TEST_F(StandIn, AProducerThatIsRestartedAgainAndAgainUnderLoadIsFollowedWithoutWaitingForHeartbeats) {
  start_first(slow);
  pipeline_.start_consumer(slow);
  ASSERT_TRUE(becomes_equal());
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL, SIGTERM}) {
    insert_large(3);
    pipeline_.producer().kill(signal);
    ASSERT_TRUE(pipeline_.producer().wait(std::chrono::seconds(30)));
    start_first(slow);
    expect_goes_on();
  }
}

/// Several consumers, each with both producers in an order of its own.
class StandInForSeveral : public StandIn {
 protected:
  struct Follower {
    std::string subscription;
    std::filesystem::path file;
    std::unique_ptr<Process> process;
  };

  void start(const std::string& subscription, const std::string& preferred, const std::string& other) {
    const auto file = pipeline_.folder() / (subscription + ".db");
    std::vector<std::string> command{program("mailboat-consumer"),
                                     "--producer",
                                     preferred,
                                     "--producer",
                                     other,
                                     "--subscription",
                                     subscription,
                                     "--database",
                                     file.string()};
    command.insert(command.end(), quick.begin(), quick.end());
    followers_.push_back({subscription, file, std::make_unique<Process>(std::move(command))});
  }

  void expect_all_equal() {
    for (const auto& follower : followers_) {
      pipeline_.keep_file_at(follower.file);
      const auto difference = pipeline_.lasting_difference("item", columns);
      EXPECT_EQ(difference, "") << follower.subscription << follower.process->errors() << all_said();
      EXPECT_TRUE(follower.process->running()) << follower.process->errors();
    }
  }
  [[nodiscard]] std::string all_said() const {
    return "first producer:\n" + const_cast<StandInForSeveral*>(this)->pipeline_.producer().errors() +
           "second producer:\n" + stand_in_->errors();
  }

  std::vector<Follower> followers_;
};

TEST_F(StandInForSeveral, TwoProducersDoNoHarmWhicheverOfThemHangsOrDies) {
  start_both(quick);
  start("replica", first_, second_);
  start("two", second_, first_);
  start("three", first_, second_);
  insert(1000);
  expect_all_equal();
  EXPECT_GE(sessions(pipeline_.producer()), 2);
  EXPECT_GE(sessions(*stand_in_), 1);

  for (int round = 0; round < 2; ++round) {
    auto& hanging = round == 0 ? pipeline_.producer() : *stand_in_;
    hanging.kill(SIGSTOP);
    change_everything();
    expect_all_equal();
    hanging.kill(SIGCONT);
    change_everything();
    expect_all_equal();
  }
  stand_in_->kill(SIGKILL);
  change_everything();
  expect_all_equal();
  start_second(quick);
  EXPECT_TRUE(followers_[1].process->wait_for_output(goes_back)) << followers_[1].process->errors();
  change_everything();
  expect_all_equal();
}

}  // namespace
}  // namespace mailboat::test
