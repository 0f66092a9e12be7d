#include <list>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

/// How PostgreSQL comes to turn the producer away, and how that is mended. `clerk` stands for its role.
struct Hindrance {
  std::string name;
  std::string damage;
  std::string repair;
  std::string words;  ///< of PostgreSQL
};
void PrintTo(const Hindrance& hindrance, std::ostream* out) { *out << hindrance.name; }

const std::vector<Hindrance> hindrances = {
    {"AnotherPassword", "ALTER ROLE clerk PASSWORD 'another'", "ALTER ROLE clerk PASSWORD 'right'",
     "password authentication failed"},
    {"NoConnectionLeftForItsRole", "ALTER ROLE clerk CONNECTION LIMIT 0",
     "ALTER ROLE clerk CONNECTION LIMIT -1", "too many connections for role"},
    {"NoLogin", "ALTER ROLE clerk NOLOGIN", "ALTER ROLE clerk LOGIN", "is not permitted to log in"},
};
const Hindrance no_privileges = {"NoPrivileges", "REVOKE outbox_producer FROM clerk",
                                 "GRANT outbox_producer TO clerk", "permission denied for table"};

/// A producer that connects with a role of its own and a password, as it should be.
class SourceAccess : public ItemPipeline {
 protected:
  SourceAccess() {
    pipeline_.sql(
        "DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "ALTER ROLE clerk PASSWORD 'right'; GRANT outbox_producer TO clerk");
    shared_cluster().authenticate("clerk", "scram-sha-256");
    pipeline_.reach_source_by(pipeline_.conninfo() + " user=clerk password=right");
  }

  void take_effect(const std::string& change) {
    pipeline_.sql(change +
                  "; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'");
  }
};

class SourceAccessLost : public SourceAccess, public ::testing::WithParamInterface<Hindrance> {};

TEST_P(SourceAccessLost, IsSaidOnceByTheConsumerAndWaitedFor) {
  follow();
  take_effect(GetParam().damage);
  change_everything();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output(GetParam().words)) << pipeline_.said();
  EXPECT_TRUE(pipeline_.producer().wait_for_output(GetParam().words)) << pipeline_.said();
  EXPECT_EQ(pipeline_.producer().errors().find("right"), std::string::npos) << "the password is told";
  EXPECT_NE(pipeline_.status().find("away"), std::string::npos) << pipeline_.status();

  take_effect(GetParam().repair);
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), GetParam().words), 1) << pipeline_.said();
  expect_said(pipeline_.consumer(), "working again");
  EXPECT_LE(occurrences(pipeline_.producer().errors(), GetParam().words), 2)  // one session, and who watches
      << pipeline_.said();
  EXPECT_TRUE(pipeline_.producer().running());
}

INSTANTIATE_TEST_SUITE_P(By, SourceAccessLost, ::testing::ValuesIn(hindrances),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(ByLosing, SourceAccessLost, ::testing::Values(no_privileges),
                         [](const auto& test) { return test.param.name; });

class SourceAccessMissing : public SourceAccess, public ::testing::WithParamInterface<Hindrance> {};

TEST_P(SourceAccessMissing, AtTheStartIsWaitedFor) {
  take_effect(GetParam().damage);
  pipeline_.start_producer(quick);
  EXPECT_TRUE(pipeline_.start_consumer(quick).wait_for_output(GetParam().words)) << pipeline_.said();
  take_effect(GetParam().repair);
  follow();
}

INSTANTIATE_TEST_SUITE_P(By, SourceAccessMissing, ::testing::ValuesIn(hindrances),
                         [](const auto& test) { return test.param.name; });

TEST_F(SourceAccess, WithoutPrivilegesIsRefusedAtTheStart) {
  take_effect(no_privileges.damage);
  EXPECT_EQ(pipeline_.start_producer(quick).wait(std::chrono::seconds(30)), 1);
  expect_said(pipeline_.producer(), no_privileges.words);
}

struct CrowdedCluster {
  Cluster cluster_{Cluster::Options{.settings = {"max_connections=12"}}};
};

class Crowd : protected CrowdedCluster, public ItemPipeline {
 protected:
  Crowd() : ItemPipeline(cluster_) {
    pipeline_.sql("CREATE ROLE clerk LOGIN IN ROLE outbox_producer; CREATE ROLE customer LOGIN");
    pipeline_.reach_source_by(pipeline_.conninfo() + " user=clerk");
  }

  /// Customers take every connection that is free.
  void fill() {
    try {
      while (true) customers_.emplace_back(pipeline_.conninfo() + " user=customer", "customer");
    } catch (const postgres::ConnectionLost& full) {
      ASSERT_NE(std::string(full.what()).find("remaining connection slots"), std::string::npos)
          << full.what();
    }
  }

  std::list<postgres::Connection> customers_;
};

TEST_F(Crowd, ThatTakesEveryConnectionIsWaitedFor) {
  follow();
  pipeline_.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'");
  fill();
  change_everything();
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("remaining connection slots")) << pipeline_.said();
  customers_.clear();
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(pipeline_.producer().running());
}

}  // namespace
}  // namespace mailboat::test
