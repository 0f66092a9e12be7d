#include "tests/faults/replaced_source.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// By its own past, or by somebody else.
class RestoredSource : public ReplacedSource {};

TEST_F(RestoredSource, IntoThePastOfABaseBackupIsRefusedUntilTheCursorIsReset) {
  insert(5000);
  follow();
  const TempDir backup("backup");
  cluster_.back_up(backup.path() / "data");
  for (int i = 0; i < 20; ++i) change_everything();
  ASSERT_TRUE(becomes_equal());

  cluster_.stop(Cluster::Stop::Fast);
  cluster_.restore(backup.path() / "data");
  cluster_.start();
  expect_refused("the source went back in time");

  const Onlooker onlooker(pipeline_);
  require_load(true);
  pipeline_.start_consumer(quick);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(becomes_loaded());
  onlooker.look();
  EXPECT_GT(onlooker.fewest_rows(), 1000);
  change_everything();
  expect_goes_on();
  EXPECT_EQ(pipeline_.value("SELECT reset_cursor OR load_reason IS NOT NULL FROM outbox.subscription"), "f");
}

TEST_F(RestoredSource, ThatHasRunPastTheReplicasCursorIsRightAfterAResetAsWell) {
  insert(100);
  follow();
  const TempDir backup("backup");
  cluster_.back_up(backup.path() / "data");
  for (int i = 0; i < 5; ++i) change_everything();
  ASSERT_TRUE(becomes_equal());
  pipeline_.kill_consumer();

  cluster_.stop(Cluster::Stop::Fast);
  cluster_.restore(backup.path() / "data");
  cluster_.start();
  pipeline_.sql("UPDATE item SET note = 'another history' WHERE id < 50");
  auto application = pipeline_.connect();
  for (int i = 0; i < 500; ++i) application.query("SELECT pg_current_xact_id()");
  require_load(true);  // nothing but the operator knows
  follow();
  change_everything();
  expect_goes_on();
}

TEST_F(RestoredSource, ThatIsAnotherClusterIsRefusedUntilTheCursorIsReset) {
  pipeline_.sql(
      "CREATE TABLE left_behind (id int PRIMARY KEY); INSERT INTO left_behind VALUES (1);"
      "SELECT outbox.track('left_behind')");
  insert(2000);
  for (int i = 0; i < 10; ++i) change_everything();
  follow();
  ASSERT_TRUE(eventually([&] { return pipeline_.replica().has_table("left_behind"); }));

  Cluster other;
  other.create_database();
  pipeline_.kill_producer();
  pipeline_.move_source_to(other);
  run({program("mailboat"), "--postgres", pipeline_.conninfo(), "migrate"});
  pipeline_.sql(
      "CREATE TABLE item (id int PRIMARY KEY, note text); INSERT INTO item SELECT i, 'there' FROM "
      "generate_series(1000, 3000) i;"
      "SELECT outbox.track('item'); SELECT outbox.subscribe('replica')");
  pipeline_.start_producer(quick);
  expect_refused("the replica was filled from another PostgreSQL database");

  const Onlooker onlooker(pipeline_);
  require_load(true);
  follow();
  EXPECT_TRUE(becomes_loaded());
  onlooker.look();
  EXPECT_GT(onlooker.fewest_rows(), 1000);
  expect_said(pipeline_.consumer(), "the source does not track this table any more");
  EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM left_behind"), 1);
  change_everything();
  expect_goes_on();
}

}  // namespace
}  // namespace mailboat::test
