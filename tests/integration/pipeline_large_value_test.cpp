// What is very large, and what is too large or cannot be written at all.
#include <gmock/gmock.h>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sanitized.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

class LargeValues : public Pipeline {
 protected:
  // A table for each way that there is.
  void make_tables(const std::string& columns) {
    sql("CREATE TABLE loaded (id int PRIMARY KEY, " + columns +
        "); CREATE TABLE by_row (LIKE loaded INCLUDING ALL);"
        "CREATE TABLE by_statement (LIKE loaded INCLUDING ALL);"
        "SELECT outbox.track('loaded'), outbox.track('by_row'), outbox.track('by_statement', capture => "
        "'statement')");
  }
};

TEST_F(LargeValues, TextAndBytesOfManyMegabytesArriveWhole) {
  const std::string most = sanitized ? "8" : "80";
  make_tables("v text, b bytea");
  const auto row = [](const std::string& table, int id, const std::string& size) {
    return "INSERT INTO " + table + " SELECT " + std::to_string(id) +
           ", repeat(E'0123456789é\\\\\"\\n\\x01😀  ', " + size +
           " * 50000), decode(repeat('00ff', 500000), 'hex');";
  };
  sql(row("loaded", 1, "10"));
  subscribe();
  start_producer();
  catch_up();
  sql(row("by_row", 1, most) + row("by_row", 2, "1") + row("by_statement", 1, "5") +
      row("by_statement", 2, "1"));
  catch_up();
  for (const std::string table : {"loaded", "by_row", "by_statement"}) {
    for (const std::string id : {"1", "2"}) {
      const auto where = " FROM " + table + " WHERE id = " + id;
      if (table == "loaded" && id == "2") continue;
      EXPECT_TRUE(replica().text("SELECT v" + where) == value("SELECT v" + where)) << table << ' ' << id;
      EXPECT_TRUE(replica().text("SELECT lower(hex(b))" + where) == value("SELECT encode(b, 'hex')" + where));
    }
  }
}

// A row above PostgreSQL's limit fails in the same place as a cast; it takes minutes and gigabytes to try.
TEST_F(LargeValues, ARowThatCannotBeWrittenDoesNotStopTheApplicationAndBecomesATask) {
  sql("CREATE TYPE state AS ENUM ('good', 'bad');"
      "CREATE FUNCTION as_json(s state) RETURNS json LANGUAGE plpgsql AS $$ BEGIN"
      "  IF s = 'bad' THEN RAISE 'no JSON for it'; END IF; RETURN to_json(s::text); END $$;"
      "CREATE CAST (state AS json) WITH FUNCTION as_json(state)");
  make_tables("v state");
  subscribe();
  start_producer();
  catch_up();
  start_consumer();
  for (const std::string table : {"by_row", "by_statement"}) {
    sql("INSERT INTO " + table + " VALUES (1, 'good'), (2, 'bad'), (3, 'good'); UPDATE " + table +
        " SET v = 'bad' WHERE id = 3; DELETE FROM " + table + " WHERE id = 1");
    const auto refused = " FROM outbox.task WHERE status <> 'completed' AND topic = 'public." + table + "'";
    EXPECT_TRUE(eventually([&] {
      return value("SELECT string_agg(op::text, ' ' ORDER BY id)" + refused) == "I U";
    })) << said();
    EXPECT_THAT(value("SELECT min(last_error)" + refused), HasSubstr("could not write it as JSON"));
    EXPECT_EQ(replica().text("SELECT group_concat(id || v) FROM " + table), "3good") << table;
    sql("UPDATE " + table + " SET v = 'good'");
    expect_equal_soon(table);
  }
}

}  // namespace
}  // namespace mailboat::test
