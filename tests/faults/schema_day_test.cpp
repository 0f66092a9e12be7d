// A day in the life of a table: it grows a column, which is filled, renamed and made wider, loses an old one,
// gets another name and another key, while writers write and the consumer dies again and again. Nobody looks
// after it.
#include <atomic>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

constexpr auto first_names = {"account", "customer", "customers"};

class SchemaDay : public ::testing::TestWithParam<bool> {
 protected:
  SchemaDay() {
    pipeline_.sql(
        "CREATE TABLE account (id int PRIMARY KEY, name text, touched int NOT NULL DEFAULT 0, old text "
        "DEFAULT 'old');"
        "INSERT INTO account SELECT n, 'name ' || n FROM generate_series(1, 3000) n;"
        "CREATE TABLE other (id int PRIMARY KEY, touched int NOT NULL DEFAULT 0); SELECT "
        "outbox.track('account'), "
        "outbox.track('other')");
    pipeline_.sql(GetParam() ? "SELECT outbox.subscribe('replica', topics => '{public.account,public.other}')"
                             : "SELECT outbox.subscribe('replica')");
  }

  /// Changes rows, in transactions of several, under whatever name and with whatever key the table has.
  void write(const std::stop_token& stop, unsigned number) const {
    auto connection = pipeline_.connect();
    std::minstd_rand random(static_cast<unsigned>(seed()) + number);
    const auto id = [&random] { return std::to_string(1 + random() % 4000); };
    for (int next = 0; !stop.stop_requested(); ++next) {
      const std::string table = *(first_names.begin() + next % 3);
      try {
        connection.query("BEGIN; INSERT INTO " + table + " (id, name) VALUES (" + id() +
                         ", 'new') ON CONFLICT DO NOTHING; UPDATE " + table +
                         " SET touched = touched + 1 WHERE id IN (" + id() + ", " + id() + "); DELETE FROM " +
                         table + " WHERE id = " + id() + "; INSERT INTO other (id) VALUES (" + id() +
                         ") ON CONFLICT (id) DO UPDATE SET touched = other.touched + 1; COMMIT");
      } catch (const postgres::StatementFailed&) {  // it has another name now
        connection.query("ROLLBACK");
      }
    }
  }

  /// What a developer does in the course of the day. Each statement waits for the writers as it has to.
  void migrate() const {
    auto connection = pipeline_.connect();
    for (const auto* step :
         {"ALTER TABLE account ADD COLUMN code int", "UPDATE account SET code = id * 10 WHERE id % 2 = 0",
          "CREATE SEQUENCE codes START 1000000; ALTER TABLE account ALTER code SET DEFAULT nextval('codes')",
          "UPDATE account SET code = nextval('codes') WHERE code IS NULL",
          "ALTER TABLE account RENAME code TO number", "ALTER TABLE account ALTER number TYPE bigint",
          "ALTER TABLE account RENAME TO customer", "ALTER TABLE customer DROP COLUMN old",
          "ALTER TABLE customer ADD COLUMN level text NOT NULL DEFAULT 'new'",
          "ALTER TABLE customer ALTER number TYPE text USING 'c' || number, ALTER number SET DEFAULT 'c' || "
          "nextval('codes')",
          "BEGIN; UPDATE customer SET number = 'd' || nextval('codes') WHERE number IS NULL; ALTER TABLE "
          "customer ALTER "
          "number SET NOT NULL; ALTER TABLE customer DROP CONSTRAINT account_pkey, ADD PRIMARY KEY (number); "
          "CREATE INDEX "
          "ON customer (id); COMMIT",
          "BEGIN; ALTER TABLE customer RENAME TO customers; ALTER TABLE customers RENAME COLUMN level TO "
          "tier; UPDATE "
          "customers SET tier = 'gold' WHERE id % 3 = 0; COMMIT"}) {
      while (!take(connection, step)) continue;
      const auto before = pipeline_.cursor();
      eventually([&] { return pipeline_.cursor() != before; });  // the day goes by
    }
  }

  /// False when it has to be taken again: two of those who change rows have waited for each other.
  static bool take(postgres::Connection& connection, const char* step) {
    try {
      connection.query(step);
      return true;
    } catch (const postgres::StatementFailed& error) {
      connection.query("ROLLBACK");
      if (error.sqlstate() != "40P01") throw;
      return false;
    }
  }

  Pipeline pipeline_;
};

INSTANTIATE_TEST_SUITE_P(Topics, SchemaDay, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Listed" : "All"; });

TEST_P(SchemaDay, EndsWithAnEqualReplicaWhateverDiesMeanwhile) {
  pipeline_.start_producer();
  std::atomic<bool> is_over = false;
  {
    std::jthread first([this](const std::stop_token& stop) { write(stop, 1); });
    std::jthread second([this](const std::stop_token& stop) { write(stop, 2); });
    std::jthread developer([this, &is_over] {
      migrate();
      is_over = true;
    });
    std::minstd_rand random(static_cast<unsigned>(seed()));
    for (int lives = 0; !is_over; ++lives) {
      pipeline_.start_consumer();
      if (lives % 5 == 4) pipeline_.start_producer();
      for (auto steps = 1 + random() % 3; steps > 0 && !is_over; --steps) {
        const auto before = pipeline_.cursor();
        eventually([&] { return is_over || pipeline_.cursor() != before; });
      }
      pipeline_.kill_consumer();
    }
  }
  pipeline_.start_consumer();
  EXPECT_EQ(pipeline_.lasting_difference("customers", "number, id, name, touched, tier"), "")
      << pipeline_.said();
  EXPECT_EQ(pipeline_.lasting_difference("other", "id, touched"), "");
  EXPECT_EQ(pipeline_.value("SELECT count(*) FROM outbox.rejection"), "0")
      << pipeline_.value("SELECT string_agg(last_error, '; ') FROM outbox.rejection");
  EXPECT_EQ(pipeline_.replica().text(
                "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name NOT LIKE '\\_mailboat%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY "
                "name)"),
            "customers,other");
}

}  // namespace
}  // namespace mailboat::test
