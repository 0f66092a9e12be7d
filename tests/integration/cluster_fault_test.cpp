#include <gtest/gtest.h>

#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

std::string value(const std::string& conninfo, const std::string& query) {
  return std::string(postgres::Connection(conninfo, "test").query(query).text(0, 0));
}

TEST(Standby, FollowsAndIsPromotedOntoANewTimeline) {
  Cluster primary;
  const auto database = primary.create_database();
  Cluster standby(Cluster::StandbyOf{primary});
  postgres::Connection(database, "test").query("CREATE TABLE t AS SELECT 7 AS seven");
  const auto there = standby.conninfo("test_1");
  EXPECT_EQ(value(there, "SELECT pg_is_in_recovery()"), "t");
  EXPECT_TRUE(eventually([&] { return value(there, "SELECT to_regclass('t') IS NOT NULL") == "t"; }));
  primary.stop(Cluster::Stop::Immediate);
  standby.promote();
  EXPECT_EQ(value(there, "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"), "00000002");
  EXPECT_EQ(value(there, "SELECT seven FROM t"), "7");
}

TEST(Backup, IsPutBackAsItWas) {
  Cluster cluster;
  const auto database = cluster.create_database();
  postgres::Connection(database, "test").query("CREATE TABLE t AS SELECT 7 AS seven");
  const TempDir folder;
  cluster.back_up(folder.path() / "backup");
  postgres::Connection(database, "test").query("UPDATE t SET seven = 8");
  cluster.stop(Cluster::Stop::Fast);
  cluster.restore(folder.path() / "backup");
  cluster.start();
  EXPECT_EQ(value(database, "SELECT seven FROM t"), "7");
}

TEST(Authentication, AsksOneRoleForItsPassword) {
  Cluster cluster;
  postgres::Connection(cluster.conninfo(), "test").query("CREATE ROLE clerk LOGIN PASSWORD 'right'");
  cluster.authenticate("clerk", "scram-sha-256");
  const auto as_clerk = cluster.conninfo() + " user=clerk password=";
  EXPECT_THROW(postgres::Connection(as_clerk + "wrong", "test"), postgres::ConnectionLost);
  EXPECT_EQ(value(as_clerk + "right", "SELECT current_user"), "clerk");
  EXPECT_EQ(value(cluster.conninfo(), "SELECT current_user"), "postgres");
}

}  // namespace
}  // namespace mailboat::test
