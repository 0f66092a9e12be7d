#include "migrations/migrator.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <thread>

#include "tests/support/cluster.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class Migrator : public ::testing::Test {
 protected:
  template <typename Call>
  static std::string refusal(const Call& call) {
    try {
      call();
    } catch (const Fatal& error) {
      return error.what();
    }
    ADD_FAILURE() << "not refused";
    return {};
  }

  std::string conninfo = shared_cluster().create_database();
  postgres::Connection connection{conninfo, "migrator_test"};
};

TEST_F(Migrator, AppliesEveryMigrationOnceAndRecordsIt) {
  const auto all = migrations::all_migrations();
  const auto applied = migrations::migrate(connection);
  ASSERT_EQ(applied.size(), all.size());
  EXPECT_EQ(applied.front().version, 1);
  EXPECT_EQ(applied.front().name, "log");
  EXPECT_EQ(connection.query("SELECT count(*), max(version) FROM outbox.migration").int64(0, 0),
            static_cast<std::int64_t>(all.size()));
  EXPECT_TRUE(migrations::migrate(connection).empty());
  EXPECT_NO_THROW(migrations::require_current_schema(connection));
}

TEST_F(Migrator, LetsSeveralProgramsMigrateAtOnce) {
  std::vector<std::size_t> applied(4);
  {
    std::vector<std::jthread> programs;
    for (auto& count : applied) {
      programs.emplace_back([&] {
        postgres::Connection own(conninfo, "migrator_test");
        count = migrations::migrate(own).size();
      });
    }
  }
  EXPECT_EQ(applied[0] + applied[1] + applied[2] + applied[3], migrations::all_migrations().size());
}

TEST_F(Migrator, NamesTheRemedyForAMissingOlderOrNewerSchema) {
  const auto require = [this] { migrations::require_current_schema(connection); };
  EXPECT_THAT(refusal(require), HasSubstr("mailboat migrate"));
  migrations::migrate(connection);
  connection.query("INSERT INTO outbox.migration VALUES (9999, 'from_the_future')");
  EXPECT_THAT(refusal(require), HasSubstr("upgrade mailboat"));
  EXPECT_THAT(refusal([this] { migrations::migrate(connection); }), HasSubstr("upgrade mailboat"));
  connection.query("DELETE FROM outbox.migration WHERE version > 1");
  EXPECT_THAT(refusal(require), HasSubstr("older"));
}

TEST_F(Migrator, LeavesASchemaOfSomebodyElseAlone) {
  connection.query("CREATE SCHEMA outbox");
  EXPECT_THAT(refusal([this] { migrations::migrate(connection); }), HasSubstr("did not create"));
}

TEST_F(Migrator, ContinuesWhereAFailureStoppedIt) {
  connection.query(
      "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  IF to_regclass('outbox.subscription') IS NOT NULL THEN RAISE 'disk full'; END IF; END $$;"
      "CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()");
  EXPECT_THAT(
      [this] { migrations::migrate(connection); },
      ::testing::ThrowsMessage<postgres::StatementFailed>(HasSubstr("migration 2 (subscription) failed")));
  connection.query("DROP EVENT TRIGGER refuse");
  EXPECT_EQ(migrations::migrate(connection).front().version, 2);
}

TEST(Standby, IsRefused) {
  Cluster cluster;
  std::string data;
  {
    postgres::Connection primary(cluster.conninfo(), "migrator_test");
    data = primary.query("SHOW data_directory").text(0, 0);
  }
  cluster.stop(Cluster::Stop::Fast);
  std::ofstream(std::filesystem::path(data) / "standby.signal").close();
  cluster.start();
  postgres::Connection standby(cluster.conninfo(), "migrator_test");
  try {
    migrations::migrate(standby);
    FAIL() << "migrated a standby";
  } catch (const Fatal& error) {
    EXPECT_THAT(error.what(), HasSubstr("connect to the primary"));
  }
}

}  // namespace
}  // namespace mailboat::test
