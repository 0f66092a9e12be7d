#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "demo/comparison.hpp"
#include "demo/source.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace mailboat::demo {
namespace {

using std::chrono::seconds;

constexpr auto patience = seconds(120);

std::vector<std::string> small_demo(const std::string& conninfo) {
  return {test::program("mailboat-demo"),
          "--postgres",
          conninfo,
          "--rows",
          "3000",
          "--seconds",
          "2",
          "--drain",
          "5000"};
}

/// Everything in the database that PostgreSQL did not bring itself.
std::string foreign_objects(const std::string& conninfo) {
  postgres::Connection connection(conninfo, "test");
  const auto rows = connection.query(
      "SELECT coalesce(string_agg(name, ' '), '') FROM ("
      " SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
      " UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
      " UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^outbox'"
      " UNION ALL SELECT evtname FROM pg_event_trigger) AS found");
  return std::string(rows.text(0, 0));
}

TEST(Demo, EndsWithBothSidesEqualAndLeavesTheUsersServerAsItWas) {
  const auto conninfo = test::shared_cluster().create_database();
  const auto finished = test::run(small_demo(conninfo), {}, patience);
  EXPECT_EQ(finished.exit_code, 0) << finished.output << finished.errors;
  EXPECT_NE(finished.output.find("killed with SIGKILL"), std::string::npos) << finished.output;
  EXPECT_NE(finished.output.find("all equal"), std::string::npos) << finished.output;
  EXPECT_NE(finished.output.find("events/s"), std::string::npos) << finished.output;
  EXPECT_EQ(foreign_objects(conninfo), "public");
}

TEST(Demo, CleansUpAfterCtrlC) {
  const auto conninfo = test::shared_cluster().create_database();
  test::Process demo(small_demo(conninfo));
  ASSERT_TRUE(demo.wait_for_output("Live:", patience)) << demo.output() << demo.errors();
  demo.kill(SIGINT);
  EXPECT_EQ(demo.wait(patience), 1) << demo.output() << demo.errors();
  EXPECT_NE(demo.output().find("cleaned up"), std::string::npos) << demo.output();
  EXPECT_EQ(foreign_objects(conninfo), "public");
}

TEST(Demo, DoesNotTouchATableThatItDidNotMake) {
  const auto conninfo = test::shared_cluster().create_database();
  postgres::Connection(conninfo, "test").query("CREATE TABLE music_scrobble_records AS SELECT 1 AS precious");
  const auto finished = test::run(small_demo(conninfo), {}, patience);
  EXPECT_EQ(finished.exit_code, 2) << finished.output << finished.errors;
  EXPECT_EQ(foreign_objects(conninfo), "public music_scrobble_records");
}

class ComparisonOfTables : public testing::Test {
 protected:
  void SetUp() override {
    source.create_table();
    source.fill(Scrobbles(""), 0, 5, [](std::int64_t) {});
    replica.exec(
        "CREATE TABLE music_scrobble_records (id INTEGER PRIMARY KEY, name, artist, album, image, mbid,"
        " url, date)");
    const auto rows = postgres::Connection(conninfo, "test")
                          .query(
                              "SELECT id, name, artist, album, image, mbid, url,"
                              " to_char(date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"')"
                              " FROM music_scrobble_records ORDER BY id");
    for (int row = 0; row < rows.size(); ++row) {
      SQLite::Statement insert(replica, "INSERT INTO music_scrobble_records VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
      for (int column = 0; column < 8; ++column) {
        if (const auto value = rows.optional_text(row, column)) insert.bind(column + 1, *value);
      }
      insert.exec();
    }
  }

  Comparison compare_now() {
    return compare(conninfo, test::SqliteReader(file), [](std::int64_t) {});
  }

  test::TempDir directory;
  std::filesystem::path file = directory.path() / "replica.db";
  std::string conninfo = test::shared_cluster().create_database();
  Source source{conninfo};
  SQLite::Database replica{file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

TEST_F(ComparisonOfTables, FindsEqualTablesEqual) {
  const auto result = compare_now();
  EXPECT_EQ(result.rows, 5);
  EXPECT_EQ(result.differences, 0);
}

TEST_F(ComparisonOfTables, FindsARowThatIsMissing) {
  replica.exec("DELETE FROM music_scrobble_records WHERE id IN (2, 5)");
  const auto result = compare_now();
  EXPECT_EQ(result.rows, 5);
  EXPECT_EQ(result.samples, (std::vector<std::string>{"id 2: in PostgreSQL, not in SQLite",
                                                      "id 5: in PostgreSQL, not in SQLite"}));
}

TEST_F(ComparisonOfTables, FindsARowTooMany) {
  replica.exec("INSERT INTO music_scrobble_records (id, name) VALUES (99, 'extra')");
  EXPECT_EQ(compare_now().samples, std::vector<std::string>{"id 99: in SQLite, not in PostgreSQL"});
}

TEST_F(ComparisonOfTables, FindsAnotherValueAndANull) {
  replica.exec("UPDATE music_scrobble_records SET name = name || ' ' WHERE id = 1");
  replica.exec("UPDATE music_scrobble_records SET url = NULL WHERE id = 3");
  EXPECT_EQ(compare_now().differences, 2);
}

}  // namespace
}  // namespace mailboat::demo
