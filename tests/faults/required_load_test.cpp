#include "tests/faults/replaced_source.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/message_proxy.hpp"

namespace mailboat::test {
namespace {

constexpr int rows = 20'000;

/// The source is the one that it was, but cannot tell what has happened since the cursor.
class RequiredLoad : public ReplacedSource {
 protected:
  RequiredLoad() {
    insert(rows);
    follow();
    EXPECT_TRUE(becomes_loaded());
  }
  /// As if the replica had been away for longer than its events are kept.
  void lose_events_beyond_the_cursor() {
    pipeline_.kill_consumer();
    change_everything();
    insert(1000, "never told");
    EXPECT_TRUE(pipeline_.becomes_connected(false));
    pipeline_.sql("DELETE FROM outbox.event");
  }
  std::int64_t reloads() { return occurrences(pipeline_.producer().errors(), reloaded); }
};

TEST_F(RequiredLoad, BringsInPlaceWhatTheLogHasNoMore) {
  lose_events_beyond_the_cursor();
  const Onlooker onlooker(pipeline_);
  require_load(false);
  pipeline_.start_consumer(quick);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(becomes_loaded());
  onlooker.look();
  EXPECT_GT(onlooker.fewest_rows(), rows / 2);
  EXPECT_EQ(pipeline_.status().find("so it was decided"), std::string::npos) << pipeline_.status();
  expect_said(pipeline_.producer(), "so it was decided");
  change_everything();
  expect_goes_on();
}

TEST_F(RequiredLoad, BeginsAtOnceThoughTheReplicaIsBeingFollowed) {
  by_hand("UPDATE item SET note = 'a mistake' WHERE id % 10 = 0; DELETE FROM item WHERE id % 10 = 1");
  const auto process = pipeline_.consumer().id();
  require_load(false);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(becomes_loaded());
  EXPECT_EQ(reloads(), 1);
  EXPECT_TRUE(pipeline_.consumer().running());
  EXPECT_EQ(pipeline_.consumer().id(), process);
  expect_goes_on();
}

TEST_F(RequiredLoad, EndsEqualAlthoughEverybodyIsKilledAgainAndAgain) {
  insert_large(load_of_many_windows);
  lose_events_beyond_the_cursor();
  const Onlooker onlooker(pipeline_);
  require_load(false);
  {
    const Application application(pipeline_, rows);
    kill_both_during_the_load();
    ASSERT_TRUE(becomes_loaded());
    onlooker.look();
  }
  EXPECT_TRUE(becomes_equal());
  EXPECT_GT(onlooker.fewest_rows(), rows / 2);
  expect_goes_on();
}

TEST_F(RequiredLoad, BeginsAnewWhenNobodyCouldWriteDownThatItHasBegun) {
  const auto between = "ipc://" + (pipeline_.folder() / "proxy").string();
  MessageProxy proxy(between, pipeline_.endpoint());
  proxy.treat(from_consumer<Ack>(MessageProxy::Treatment::Drop));
  lose_events_beyond_the_cursor();
  require_load(false);
  pipeline_.connect_through(between);
  const auto before = chunks();
  const auto first_chunk = [this] {
    return pipeline_.replica().number("SELECT first_chunk FROM _mailboat_load");
  };
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(eventually([&] { return chunks() >= before + 2; })) << pipeline_.said();
  const auto first_try = first_chunk();
  pipeline_.kill_producer();
  EXPECT_EQ(pipeline_.value("SELECT state FROM outbox.subscription"), "needs_load");

  proxy.pass_all();
  pipeline_.start_producer(quick);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(becomes_loaded());
  EXPECT_GT(first_chunk(), first_try);
  expect_goes_on();
}

TEST_F(RequiredLoad, IsNotFulfilledByASessionThatBeganBeforeIt) {
  lose_events_beyond_the_cursor();
  require_load(false);
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(pipeline_.producer().wait_for_output(reloaded));
  require_load(true);
  EXPECT_TRUE(eventually([&] { return reloads() >= 2; })) << pipeline_.said();
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(becomes_loaded());
  EXPECT_EQ(pipeline_.value("SELECT reset_cursor FROM outbox.subscription"), "f");
  expect_goes_on();
}

}  // namespace
}  // namespace mailboat::test
