#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

struct OwnCluster {
  Cluster cluster_;
};

/// A source that is replaced: by its standby, or by its past.
class Failover : protected OwnCluster, public ItemPipeline {
 protected:
  Failover() : ItemPipeline(cluster_) {}

  /// As an operator configures it: whichever of the two servers takes writes.
  void know_both(const Cluster& standby) {
    pipeline_.reach_source_by(
        "host=" + cluster_.socket_folder().string() + "," + standby.socket_folder().string() +
        " target_session_attrs=read-write user=postgres dbname=" + pipeline_.database());
  }
  void wait_until_replayed(const Cluster& standby) {
    const auto written = pipeline_.value("SELECT pg_current_wal_lsn()");
    postgres::Connection there(standby.conninfo(), "test");
    ASSERT_TRUE(eventually([&] {
      return there.query("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", {written}).boolean(0, 0);
    }));
  }
  void fail_over_to(Cluster& standby) {
    cluster_.stop(Cluster::Stop::Immediate);
    standby.start();
    standby.promote();
    pipeline_.move_source_to(standby);
    know_both(standby);
  }

  void expect_refused(const std::string& sentence) {
    const auto before = pipeline_.cursor();
    EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 1) << pipeline_.said();
    expect_said(pipeline_.consumer(), sentence);
    EXPECT_TRUE(pipeline_.producer().wait_for_output(sentence)) << pipeline_.said();
    EXPECT_EQ(pipeline_.cursor(), before);
    EXPECT_NE(pipeline_.status().find("away"), std::string::npos) << pipeline_.status();
    pipeline_.kill_consumer();
  }
  void fill_new_file() {
    pipeline_.keep_file_at(pipeline_.file().string() + "-new");
    follow();
  }
};

TEST_F(Failover, ToAPromotedStandbyIsRefusedUntilItIsTrusted) {
  Cluster standby(Cluster::StandbyOf{cluster_});
  know_both(standby);
  follow();
  change_everything();
  ASSERT_TRUE(becomes_equal());
  wait_until_replayed(standby);

  fail_over_to(standby);
  expect_refused("the source has been promoted since");
  change_everything();

  pipeline_.start_producer({"--heartbeat", "100ms", "--trust-failover"});
  follow();
  expect_goes_on();
}

TEST_F(Failover, ToAStandbyThatMissesCommitsIsRefusedEvenIfTrusted) {
  Cluster standby(Cluster::StandbyOf{cluster_});
  know_both(standby);
  follow();
  wait_until_replayed(standby);
  standby.stop(Cluster::Stop::Fast);
  for (int i = 0; i < 20; ++i) insert(1, "lost with the primary");
  ASSERT_TRUE(becomes_equal());

  pipeline_.kill_producer();
  fail_over_to(standby);
  pipeline_.start_producer({"--heartbeat", "100ms", "--trust-failover"});
  expect_refused("the source went back in time");
  fill_new_file();
  expect_goes_on();
}

TEST_F(Failover, IntoThePastOfABaseBackupIsRefusedAndANewFileIsFilled) {
  follow();
  insert();
  const TempDir backup("backup");
  cluster_.back_up(backup.path() / "data");
  for (int i = 0; i < 20; ++i) change_everything();
  ASSERT_TRUE(becomes_equal());

  cluster_.stop(Cluster::Stop::Fast);
  cluster_.restore(backup.path() / "data");
  cluster_.start();
  expect_refused("the source went back in time");
  fill_new_file();
  expect_goes_on();
}

}  // namespace
}  // namespace mailboat::test
