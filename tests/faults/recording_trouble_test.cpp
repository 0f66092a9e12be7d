#include <fstream>

#include "tests/faults/task_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/small_disk.hpp"

namespace mailboat::test {
namespace {

struct OwnCluster {
  Cluster cluster_;
};

/// PostgreSQL is there, but does not take what a replica has rejected.
class RecordingTrouble : protected OwnCluster, public TaskPipeline {
 protected:
  RecordingTrouble() : TaskPipeline(cluster_) {}

  /// The replica keeps its rejections, and everybody says why, once.
  void expect_kept(int rejections, const std::string& words) {
    EXPECT_TRUE(pipeline_.consumer().wait_for_output(words)) << pipeline_.said();
    EXPECT_TRUE(pipeline_.producer().wait_for_output("cannot record the tasks of subscription 'replica'"))
        << pipeline_.said();
    EXPECT_EQ(unconfirmed(), rejections);
    EXPECT_EQ(recorded(), 0);
    for (auto* process : {&pipeline_.consumer(), &pipeline_.producer()})
      EXPECT_EQ(occurrences(process->errors(), words), 1) << pipeline_.said();
  }
};

TEST_F(RecordingTrouble, OfAFullDiskIsWaitedForAndNothingIsForgotten) {
  if (!SmallDisk::is_possible())
    GTEST_SKIP() << "a tablespace that is really full needs root, to mount a tmpfs";
  const SmallDisk disk(4 << 20);
  Cluster::make_folder(disk.path() / "tablespace");
  pipeline_.sql("CREATE TABLESPACE small LOCATION '" + (disk.path() / "tablespace").string() + "'");
  pipeline_.sql("ALTER TABLE outbox.rejection SET TABLESPACE small");
  follow_with_poisoned_table();
  {
    std::ofstream ballast(disk.path() / "ballast");
    const std::string block(4096, 'x');
    while (ballast << block << std::flush) continue;
  }
  insert_poison(500);
  expect_kept(500, "No space left on device");
  EXPECT_NE(pipeline_.status().find("replica"), std::string::npos);

  std::filesystem::remove(disk.path() / "ballast");
  expect_accounted_once(500);
  pipeline_.sql("ALTER TABLE outbox.rejection SET TABLESPACE pg_default");
}

TEST_F(RecordingTrouble, OfAnyKindIsWaitedForThoughEverybodyIsKilledMeanwhile) {
  follow_with_poisoned_table();
  pipeline_.sql(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
      " BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
      "CREATE TRIGGER refuse BEFORE INSERT ON outbox.rejection EXECUTE FUNCTION refuse()");
  insert_poison(3);
  expect_kept(3, "could not extend file");
  for (const auto victim : {Victim::Consumer, Victim::Producer, Victim::Both}) {
    kill(victim);
    insert_poison();
    restart();
    EXPECT_TRUE(pipeline_.consumer().wait_for_output("could not extend file")) << pipeline_.said();
  }
  pipeline_.sql("DROP TRIGGER refuse ON outbox.rejection");
  expect_accounted_once(6);
}

TEST_F(RecordingTrouble, OfACrashInTheMiddleOfItLosesNothing) {
  follow_with_poisoned_table();
  for (int crash = 0; crash < 3; ++crash) {
    {
      const HeldLock lock(pipeline_, "LOCK TABLE outbox.rejection IN SHARE MODE");
      insert_poison(2);
      ASSERT_TRUE(producer_waits_for_lock()) << pipeline_.said();
      cluster_.stop(Cluster::Stop::Immediate);
    }
    cluster_.start();
  }
  expect_accounted_once(6);
}

}  // namespace
}  // namespace mailboat::test
