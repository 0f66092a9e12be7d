// docs/recovery.md, carried out: each test brings about the trouble, types what the recipe says, as it stands
// there, and then source and replica are equal.
#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

#include "tests/faults/pipeline.hpp"
#include "tests/faults/service_manager.hpp"
#include "tests/support/document.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

std::vector<Section> document() {
  return sections_of(fs::path(MAILBOAT_SOURCE_DIR) / "docs" / "recovery.md");
}

/// What a recipe says is to be typed.
std::string commands_in(const Section& recipe) {
  std::string commands;
  for (const auto& block : recipe.blocks) {
    if (block.language == "sh") commands += block.text;
  }
  return commands;
}

/// The machine of the recipes: both daemons as services, the file shop.db in the folder where the commands
/// are typed, and an application whose tables are tracked.
class RecoveryRecipe : public ::testing::Test {
 protected:
  explicit RecoveryRecipe(Cluster& cluster = shared_cluster())
      : pipeline_(cluster), services_([this](const std::string& unit) { return command_of(unit); }) {
    pipeline_.keep_file_at(file("shop.db"));
    pipeline_.sql(
        "CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);"
        "CREATE TABLE item (sku text, shop int, stock int NOT NULL, PRIMARY KEY (sku, shop));"
        "INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(1, 500) n;"
        "INSERT INTO item SELECT 'sku ' || n, n % 3, n FROM generate_series(1, 500) n;"
        "SELECT outbox.track('customer'), outbox.track('item'); SELECT outbox.subscribe('shop')");
    services_.manage("start", producer);
    services_.manage("start", consumer);
  }
  void SetUp() override { expect_equal(); }

  static constexpr auto producer = "mailboat-producer";
  static constexpr auto consumer = "mailboat-consumer@shop";

  [[nodiscard]] fs::path file(const std::string& name) const { return pipeline_.folder() / name; }

  /// What deploy/ has its units execute, with the files of this machine.
  std::vector<std::string> command_of(const std::string& unit) const {
    if (unit == producer) return pipeline_.producer_command();
    const std::string prefix = "mailboat-consumer@";
    if (!unit.starts_with(prefix)) throw std::runtime_error("there is no unit " + unit);
    const auto name = unit.substr(prefix.size());
    return {program("mailboat-consumer"),
            "--producer",
            pipeline_.endpoint(),
            "--subscription",
            name,
            "--database",
            file(name + ".db")};
  }

  /// Types all commands of a recipe, in a shell that ends at the first that fails.
  void follow_recipe(const std::string& title) {
    const auto all = document();
    const auto recipe =
        std::find_if(all.begin(), all.end(), [&](const auto& section) { return section.title == title; });
    ASSERT_NE(recipe, all.end()) << "docs/recovery.md has no recipe '" << title << "'";
    const auto commands = commands_in(*recipe);
    ASSERT_NE(commands, "");
    const auto typed = "cd " + pipeline_.folder().string() + "\n" + commands;
    Process::Options options;
    options.environment = {"MAILBOAT_POSTGRES=" + pipeline_.conninfo(),
                           "PATH=" + services_.programs().string() + ":" +
                               fs::path(program("mailboat")).parent_path().string() + ":" +
                               std::getenv("PATH")};
    const auto said = run({"bash", "-euo", "pipefail", "-c", typed}, options);
    ASSERT_EQ(said.exit_code, 0) << typed << said.output << said.errors << what_they_said();
  }

  /// An hour of the shop.
  void work() {
    pipeline_.sql(
        "INSERT INTO customer (name) SELECT 'later ' || n FROM generate_series(1, 20) n;"
        "UPDATE customer SET name = name || '+' WHERE id % 7 = 0; DELETE FROM customer WHERE id % 11 = 3;"
        "UPDATE item SET stock = stock - 1 WHERE shop = 1; DELETE FROM item WHERE stock % 13 = 5;"
        "INSERT INTO item SELECT 'sku ' || n, 9, n FROM generate_series(1, 20) n ON CONFLICT DO NOTHING");
  }

  /// What somebody, or a bug, does to the replica.
  void by_hand(const std::string& statements) const {
    SQLite::Database(file("shop.db"), SQLite::OPEN_READWRITE, 10'000).exec(statements);
  }

  void expect_equal(const std::string& name = "shop") {
    pipeline_.keep_file_at(file(name + ".db"));
    EXPECT_EQ(pipeline_.lasting_difference("customer", "id, name"), "") << what_they_said();
    EXPECT_EQ(pipeline_.lasting_difference("item", "sku || '/' || shop, stock"), "") << what_they_said();
    pipeline_.keep_file_at(file("shop.db"));
  }
  /// Equal, and still so after more work.
  void expect_goes_on(const std::string& name = "shop") {
    expect_equal(name);
    work();
    expect_equal(name);
    EXPECT_EQ(SqliteReader(file(name + ".db")).text("PRAGMA integrity_check"), "ok");
  }
  int loads() { return occurrences(services_.said(producer), "table loaded"); }
  std::string what_they_said() { return services_.said(producer) + services_.said(consumer); }

  Pipeline pipeline_;
  ServiceManager services_;  // after what its units use
};

TEST_F(RecoveryRecipe, TheSqliteFileIsLost) {
  services_.kill(consumer);
  fs::remove(file("shop.db"));  // what lies beside it stays
  work();
  follow_recipe("1. The SQLite file is lost");
  expect_goes_on();
}

TEST_F(RecoveryRecipe, TheSqliteFileIsDamaged) {
  services_.manage("stop", consumer);
  std::fstream stream(file("shop.db"), std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(4096) << std::string(10 * 4096, 'x') << std::flush;
  services_.manage("start", consumer);
  work();
  EXPECT_TRUE(eventually([&] { return pipeline_.status().find("malformed") != std::string::npos; }))
      << pipeline_.status() << what_they_said();
  follow_recipe("2. The SQLite file is damaged");
  expect_goes_on();
  EXPECT_TRUE(fs::exists(file("damaged/shop.db")));
}

TEST_F(RecoveryRecipe, TheFileIsRestoredFromLastNightsCopy) {
  follow_recipe("8. The replica is backed up");
  const auto copy = fs::directory_iterator(file("backups"))->path();
  fs::rename(copy, file("backups/shop-2026-01-31.db"));
  work();
  expect_equal();
  services_.kill(consumer);
  fs::resize_file(file("shop.db"), 4096);
  follow_recipe("3. The file is restored from last night's copy");
  expect_goes_on();
  EXPECT_EQ(loads(), 2) << "only what came since is sent";
}

TEST_F(RecoveryRecipe, AReplicaIsClonedFromItsSibling) {
  follow_recipe("4. A replica is cloned from its sibling");
  expect_goes_on("shop2");
  expect_equal();
  EXPECT_EQ(loads(), 2) << "the source is not read again";
  EXPECT_TRUE(services_.is_running(consumer) && services_.is_running("mailboat-consumer@shop2"));
}

TEST_F(RecoveryRecipe, TheReplicaIsBackedUp) {
  work();
  expect_equal();
  follow_recipe("8. The replica is backed up");
  const auto copy = fs::directory_iterator(file("backups"))->path();
  EXPECT_EQ(copy.filename().string(), run({"date", "+shop-%F.db"}).output.substr(0, 18));
  fs::rename(copy, file("copy.db"));
  expect_equal("copy");
  expect_goes_on();
}

TEST_F(RecoveryRecipe, ABugHasWrittenWrongValues) {
  work();
  expect_equal();
  by_hand("UPDATE item SET stock = stock + 1000 WHERE shop = 2; DELETE FROM customer WHERE id = 5");
  follow_recipe("7. A bug has written wrong values");
  expect_goes_on();
  EXPECT_EQ(loads(), 2) << "only what differed is written";
}

TEST_F(RecoveryRecipe, ABugHasWrittenWrongValuesOfEventsThatTheLogHolds) {
  pipeline_.sql("UPDATE item SET stock = stock + 1; UPDATE customer SET name = name || '!'");
  expect_equal();
  by_hand("UPDATE item SET stock = 0; UPDATE customer SET name = '' WHERE id > 20");
  follow_recipe("By replay");
  expect_goes_on();
  EXPECT_EQ(loads(), 2);
}

TEST_F(RecoveryRecipe, TablesAreLoadedAgainInPlace) {
  by_hand("UPDATE item SET stock = 0; DELETE FROM customer WHERE id % 2 = 0");
  services_.manage("stop", consumer);
  work();
  pipeline_.sql("DELETE FROM outbox.event");
  services_.manage("start", consumer);
  follow_recipe("9. Tables are loaded again in place");
  expect_goes_on();
}

struct OwnCluster {
  Cluster cluster_;
};

/// A source whose past comes back, or whose standby takes its place.
class SourceRecipe : protected OwnCluster, public RecoveryRecipe {
 protected:
  SourceRecipe() : RecoveryRecipe(cluster_) {}

  void back_up() const { cluster_.back_up(backup()); }
  void restore() {
    cluster_.stop(Cluster::Stop::Fast);
    cluster_.restore(backup());
    cluster_.start();
  }
  /// Many transactions, so that a source that has lost them is well behind the replica.
  void work_for_long() {
    for (int i = 0; i < 20; ++i) work();
    expect_equal();
  }
  void expect_another_history() {
    EXPECT_NE(services_.said(consumer).find("the source has another history"), std::string::npos)
        << what_they_said();
  }
  [[nodiscard]] fs::path backup() const { return folder_.path() / "backup"; }

 private:
  const TempDir folder_{"source"};
};

TEST_F(SourceRecipe, TheSourceIsRestoredToAnEarlierPoint) {
  back_up();
  work_for_long();
  restore();
  EXPECT_TRUE(eventually([&] { return !services_.is_running(consumer); })) << what_they_said();
  pipeline_.sql("INSERT INTO customer (name) VALUES ('in another history')");
  follow_recipe("5. The source is restored to an earlier point");
  expect_goes_on();
  expect_another_history();
}

TEST_F(SourceRecipe, TheSourceIsRestoredAndHasRunPastTheReplica) {
  back_up();
  work_for_long();
  services_.manage("stop", consumer);
  restore();
  work();
  auto application = pipeline_.connect();
  for (int i = 0; i < 500; ++i) application.query("SELECT pg_current_xact_id()");
  follow_recipe("5. The source is restored to an earlier point");
  expect_goes_on();
  expect_another_history();
}

TEST_F(SourceRecipe, TheSourceIsRestoredOnANewTimeline) {
  back_up();
  work_for_long();
  std::ofstream(backup() / "standby.signal") << "";  // its recovery has an end that somebody chooses
  restore();
  cluster_.promote();
  follow_recipe("5. The source is restored to an earlier point");
  expect_goes_on();
  EXPECT_EQ(SqliteReader(file("shop.db")).number("SELECT timeline FROM _mailboat_cursor"), 2);
}

TEST_F(SourceRecipe, AStandbyTakesTheSourcesPlace) {
  Cluster standby{Cluster::StandbyOf{cluster_}};
  pipeline_.reach_source_by("host=" + cluster_.socket_folder().string() + "," +
                            standby.socket_folder().string() +
                            " target_session_attrs=read-write user=postgres dbname=" + pipeline_.database());
  services_.manage("restart", producer);
  const auto written = pipeline_.value("SELECT pg_current_wal_lsn()");
  postgres::Connection there(standby.conninfo(), "test");
  ASSERT_TRUE(eventually(
      [&] { return there.query("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", {written}).boolean(0, 0); }));
  standby.stop(Cluster::Stop::Fast);
  work();
  expect_equal();

  cluster_.stop(Cluster::Stop::Immediate);
  standby.start();
  standby.promote();
  pipeline_.move_source_to(standby);
  work();
  follow_recipe("6. A standby takes the source's place");
  expect_goes_on();
  EXPECT_NE(what_they_said().find("the source has been promoted since"), std::string::npos);
}

// A recipe that nobody has carried out may be wrong.
TEST(RecoveryDocument, HasNoRecipeWithoutATest) {
  std::ifstream stream(fs::path(MAILBOAT_SOURCE_DIR) / "tests" / "faults" / "recovery_recipe_test.cpp");
  const std::string tests((std::istreambuf_iterator<char>(stream)), {});
  int recipes = 0;
  for (const auto& section : document()) {
    if (commands_in(section).empty() || section.title == "Recovery") continue;
    ++recipes;
    EXPECT_NE(tests.find("follow_recipe(\"" + section.title + "\")"), std::string::npos) << section.title;
  }
  EXPECT_GE(recipes, 10);
}

}  // namespace
}  // namespace mailboat::test
