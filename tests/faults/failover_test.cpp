#include "tests/faults/replaced_source.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

constexpr int rows = 20'000;
constexpr int lost = 500;

/// To a standby, which may have missed the last commits.
class Failover : public ReplacedSource {
 protected:
  Failover() {
    know_both(standby_);
    insert(rows);
    follow();
    wait_until_replayed(standby_);
  }

  /// Commits that the replica has, and the standby will never have: rows changed, gone and new.
  void commit_what_will_be_lost() {
    standby_.stop(Cluster::Stop::Fast);
    pipeline_.sql("UPDATE item SET note = 'lost' WHERE id % 50 = 0; DELETE FROM item WHERE id % 50 = 1");
    for (int i = 0; i < lost; ++i) insert(1, "lost with the primary");
    ASSERT_TRUE(becomes_equal());
  }
  std::int64_t last_event() const {
    return pipeline_.replica().number("SELECT last_event_id FROM _mailboat_cursor");
  }

  /// The replica has begun with the new history.
  bool has_followed() const {
    return pipeline_.replica().number("SELECT timeline FROM _mailboat_cursor") == 2;
  }

  Cluster standby_{Cluster::StandbyOf{cluster_}};
};

TEST_F(Failover, ToAPromotedStandbyGoesOnWithoutALoadIfItIsTrusted) {
  pipeline_.start_producer({"--heartbeat", "100ms", "--trust-failover"});
  change_everything();
  ASSERT_TRUE(becomes_equal());
  wait_until_replayed(standby_);
  const auto loaded = chunks();

  fail_over_to(standby_);
  expect_goes_on();
  EXPECT_EQ(chunks(), loaded);
}

TEST_F(Failover, ToAStandbyThatMissesCommitsIsRefusedIfItIsTrusted) {
  commit_what_will_be_lost();
  pipeline_.kill_producer();
  fail_over_to(standby_);
  pipeline_.start_producer({"--heartbeat", "100ms", "--trust-failover"});
  expect_refused("the source went back in time");

  require_load(true);
  follow();
  expect_goes_on();
  EXPECT_TRUE(becomes_loaded());
}

TEST_F(Failover, ToAStandbyThatMissesCommitsIsAnsweredByAReloadThatReadersDoNotSee) {
  commit_what_will_be_lost();
  const auto lost_event = last_event();
  const Onlooker onlooker(pipeline_);
  fail_over_to(standby_);
  {
    const Application application(pipeline_, rows);
    ASSERT_TRUE(pipeline_.producer().wait_for_output(reloaded)) << pipeline_.said();
    ASSERT_TRUE(eventually([this] { return has_followed(); }));
    ASSERT_TRUE(becomes_loaded());
    onlooker.look();
  }
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(
      pipeline_.connect()
          .query("SELECT min(id) < $1::bigint FROM outbox.event WHERE payload->>'note' IN ('again', 'over')",
                 {std::to_string(lost_event)})
          .text(0, 0),
      "t")
      << "no id was handed out again";
  EXPECT_GT(onlooker.fewest_rows(), rows / 2);
  pipeline_.sql("UPDATE item SET note = 'after the reload'; DELETE FROM item WHERE id % 7 = 0");
  EXPECT_TRUE(becomes_equal());
  expect_goes_on();
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), reloaded), 1) << pipeline_.said();
}

TEST_F(Failover, IsSurvivedAlthoughEverybodyIsKilledAgainAndAgainDuringTheReload) {
  insert_large(load_of_many_windows);
  wait_until_replayed(standby_);
  commit_what_will_be_lost();
  const Onlooker onlooker(pipeline_);
  pipeline_.kill_consumer();
  pipeline_.kill_producer();
  fail_over_to(standby_);
  {
    const Application application(pipeline_, rows);
    kill_both_during_the_load();
    ASSERT_TRUE(eventually([this] { return has_followed(); }));
    ASSERT_TRUE(becomes_loaded());
    onlooker.look();
  }
  EXPECT_TRUE(becomes_equal());
  EXPECT_GT(onlooker.fewest_rows(), rows / 2);
  expect_goes_on();
}

TEST_F(Failover, OfASourceWhoseTasksAreOpenReportsNoneThatItHasLost) {
  pipeline_.sql(
      "SELECT outbox.configure('replica', max_attempts => 1000, retry_delay => '1 h', retry_delay_max => '1 "
      "h')");
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON item WHEN NEW.note = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); "
      "END");
  const auto tasks = [this] { return pipeline_.value("SELECT count(*) FROM outbox.rejection"); };
  insert(1, "poison");
  ASSERT_TRUE(eventually([&] { return tasks() == "1"; }));
  wait_until_replayed(standby_);

  standby_.stop(Cluster::Stop::Fast);
  auto holder = pipeline_.connect();
  holder.query("BEGIN; LOCK outbox.rejection IN SHARE MODE");
  insert(1, "poison");
  const auto unconfirmed = [this] {
    return pipeline_.replica().number("SELECT count(*) FROM _mailboat_rejection");
  };
  ASSERT_TRUE(eventually([&] { return unconfirmed() == 1; }));
  pipeline_.kill_consumer();
  pipeline_.kill_producer();
  by_hand("DROP TRIGGER poison");
  fail_over_to(standby_);

  follow();
  EXPECT_TRUE(becomes_loaded());
  EXPECT_EQ(tasks(), "1");
  EXPECT_EQ(unconfirmed(), 0);
  pipeline_.sql("SELECT outbox.retry_failed('replica', array_agg(event_id), 'test') FROM outbox.rejection");
  EXPECT_TRUE(eventually([&] {
    return pipeline_.value("SELECT bool_and(superseded) FROM outbox.rejection") == "t";
  })) << pipeline_.said();
  expect_goes_on();
}

}  // namespace
}  // namespace mailboat::test
