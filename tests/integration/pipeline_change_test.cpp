// Every kind of change to a row reaches the replica, whatever the table looks like.
#include "tests/integration/pipeline_fixture.hpp"

namespace mailboat::test {
namespace {

// Tables are tracked and subscribed to before anything is in them, so that rows come as events.
class Changes : public Pipeline {
 protected:
  void follow(const std::string& statements) {
    sql(statements);
    subscribe();
    start_producer();
    catch_up();
  }
};

TEST_F(Changes, InsertsUpdatesAndDeletesArrive) {
  follow("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
  sql("INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 100) n;"
      "UPDATE item SET name = NULL WHERE id % 3 = 0; DELETE FROM item WHERE id % 5 = 0");
  catch_up();
  expect_equal("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 80);
}

TEST_F(Changes, ARowThatIsDeletedAndInsertedAgainIsThere) {
  follow("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
  sql("INSERT INTO item VALUES (1, 'first')");
  catch_up();
  sql("BEGIN; DELETE FROM item; INSERT INTO item VALUES (1, 'second'), (2, 'gone'); DELETE FROM item WHERE "
      "id = 2; COMMIT");
  catch_up();
  expect_equal("item");
  EXPECT_EQ(replica().text("SELECT name FROM item"), "second");
}

TEST_F(Changes, WhatIsRolledBackDoesNotArrive) {
  follow("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
  sql("BEGIN; INSERT INTO item VALUES (1, 'kept'); SAVEPOINT s; INSERT INTO item VALUES (2, 'undone');"
      "UPDATE item SET name = 'undone'; ROLLBACK TO s; COMMIT");
  sql("BEGIN; INSERT INTO item VALUES (3, 'undone'); ROLLBACK");
  catch_up();
  expect_equal("item");
  EXPECT_EQ(replica().number("SELECT count(*) FROM item WHERE name = 'kept'"), 1);
}

TEST_F(Changes, AChangedKeyMovesTheRow) {
  follow("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
  sql("INSERT INTO item VALUES (1, 'one'), (2, 'two'), (3, 'three')");
  catch_up();
  sql("UPDATE item SET id = 10, name = 'ten' WHERE id = 1");
  sql("BEGIN; UPDATE item SET id = -1 WHERE id = 2; UPDATE item SET id = 2 WHERE id = 3;"
      "UPDATE item SET id = 3 WHERE id = -1; COMMIT");
  catch_up();
  expect_equal("item");
}

TEST_F(Changes, TruncateEmptiesTheTableAndWhatComesAfterStays) {
  follow("CREATE TABLE item (id int PRIMARY KEY, name text); SELECT outbox.track('item')");
  sql("INSERT INTO item SELECT n, 'old' FROM generate_series(1, 10) n");
  catch_up();
  sql("BEGIN; INSERT INTO item VALUES (11, 'old'); TRUNCATE item; INSERT INTO item VALUES (1, 'new'); "
      "COMMIT");
  catch_up();
  expect_equal("item");
  sql("TRUNCATE item");
  catch_up();
  EXPECT_EQ(replica().number("SELECT count(*) FROM item"), 0);
}

TEST_F(Changes, CompositeKeysOfSeveralTypesNameTheirRows) {
  follow(
      "CREATE TABLE price (shop text, item uuid, from_day date, amount numeric, PRIMARY KEY (item, shop, "
      "from_day)); SELECT outbox.track('price')");
  sql("INSERT INTO price SELECT s, ('00000000-0000-0000-0000-00000000000' || n)::uuid, '2024-01-01'::date + "
      "n, "
      "n FROM generate_series(1, 5) n, unnest('{a,\"a,b\",\"it''s\"}'::text[]) s;"
      "UPDATE price SET amount = amount * 2 WHERE shop = 'it''s';"
      "UPDATE price SET shop = 'moved' WHERE shop = 'a,b' AND amount = 2;"
      "DELETE FROM price WHERE shop = 'a' AND amount < 3");
  catch_up();
  expect_equal("price");
}

TEST_F(Changes, AUniqueIndexCanStandInForAPrimaryKey) {
  follow("CREATE TABLE item (code text NOT NULL UNIQUE, name text); SELECT outbox.track('item', '{code}')");
  sql("INSERT INTO item VALUES ('a', 'one'), ('b', 'two'), ('A', 'case'); UPDATE item SET code = 'c' WHERE "
      "code "
      "= 'a'; DELETE FROM item WHERE code = 'b'");
  catch_up();
  expect_equal("item");
}

TEST_F(Changes, AnyIdentifierIsCarriedOver) {
  follow(R"sql(
    CREATE SCHEMA "Läden & ""Co""";
    CREATE TABLE "Läden & ""Co"""."Täble; DROP" ("select" int, "a ""quoted"" näme" text, "日本 語" int,
      "with'apostrophe" text, "comma, dot." int, "back\slash" int, PRIMARY KEY ("select", "日本 語"));
    SELECT outbox.track('"Läden & ""Co"""."Täble; DROP"'))sql");
  sql(R"sql(
    INSERT INTO "Läden & ""Co"""."Täble; DROP" VALUES (1, 'x', 2, 'y', 3, 4), (2, 'x', 2, NULL, 3, 4);
    UPDATE "Läden & ""Co"""."Täble; DROP" SET "a ""quoted"" näme" = 'ü' WHERE "select" = 1;
    UPDATE "Läden & ""Co"""."Täble; DROP" SET "日本 語" = 3 WHERE "select" = 2;
    INSERT INTO "Läden & ""Co"""."Täble; DROP" VALUES (3, 'x', 2, 'y', 3, 4);
    DELETE FROM "Läden & ""Co"""."Täble; DROP" WHERE "select" = 3)sql");
  catch_up();
  expect_equal(R"sql("Läden & ""Co"""."Täble; DROP")sql", R"(Läden & "Co"_Täble; DROP)");
  EXPECT_EQ(replica().number(R"(SELECT count(*) FROM "Läden & ""Co""_Täble; DROP")"), 2);
}

TEST_F(Changes, TablesOfOtherSchemasKeepApart) {
  follow(
      "CREATE SCHEMA shop; CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE shop.item (id int PRIMARY "
      "KEY, name text); SELECT outbox.track('item'), outbox.track('shop.item')");
  sql("INSERT INTO item VALUES (1), (2); INSERT INTO shop.item VALUES (1, 'x'); DELETE FROM item WHERE id = "
      "1");
  catch_up();
  expect_equal("item");
  expect_equal("shop.item", "shop_item");
}

TEST_F(Changes, RowsOfPartitionsComeUnderTheirParentsName) {
  follow(
      "CREATE TABLE sale (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
      "CREATE TABLE sale_old PARTITION OF sale FOR VALUES FROM (MINVALUE) TO ('2024-01-01');"
      "CREATE TABLE sale_new PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);"
      "SELECT outbox.track('sale')");
  sql("INSERT INTO sale SELECT n, '2023-12-20'::date + n FROM generate_series(1, 30) n;"
      "INSERT INTO sale_new VALUES (100, '2025-01-01');"
      "UPDATE sale SET day = day + 365 WHERE id = 1;"
      "DELETE FROM sale_old WHERE id = 2");
  catch_up();
  expect_equal("sale");
  sql("TRUNCATE sale_old; INSERT INTO sale VALUES (200, '2023-01-01')");
  catch_up();
  expect_equal("sale");
  sql("ALTER TABLE sale DETACH PARTITION sale_old");
  catch_up();
  expect_equal("sale");
  EXPECT_FALSE(replica().has_table("sale_new"));
}

TEST_F(Changes, ExcludedColumnsNeverLeaveTheSource) {
  follow(
      "CREATE TABLE person (id int PRIMARY KEY, secret text, name text);"
      "SELECT outbox.track('person', exclude => '{secret}')");
  sql("INSERT INTO person VALUES (1, 'hush', 'Ada'), (2, 'hush', 'Bob'); UPDATE person SET secret = 'hush!', "
      "name = 'Eve' WHERE id = 2; DELETE FROM person WHERE id = 1");
  catch_up();
  expect_equal("person");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.event WHERE payload::text LIKE '%hush%'"), "0");
}

TEST_F(Changes, StatementCaptureMakesTheSameReplica) {
  follow(
      "CREATE TABLE item (id int PRIMARY KEY, name text);"
      "SELECT outbox.track('item', capture => 'statement')");
  sql("INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 300) n;"
      "UPDATE item SET id = id + 1000, name = 'moved' WHERE id % 2 = 0;"
      "UPDATE item SET name = 'x' WHERE id > 1200; DELETE FROM item WHERE id % 5 = 0;"
      "INSERT INTO item VALUES (1, 'upserted'), (5, 'again') ON CONFLICT (id) DO UPDATE SET name = "
      "excluded.name");
  catch_up();
  expect_equal("item");
  sql("TRUNCATE item; INSERT INTO item VALUES (7, 'last')");
  catch_up();
  expect_equal("item");
}

TEST_F(Changes, OneTransactionAcrossTablesIsSeenWholeOrNotAtAll) {
  follow(
      "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, n int);"
      "INSERT INTO a VALUES (1, 0); INSERT INTO b VALUES (1, 0);"
      "SELECT outbox.track('a'), outbox.track('b')");
  start_consumer();
  constexpr int transactions = 300;
  for (int i = 0; i < transactions; ++i) {
    sql("BEGIN; UPDATE a SET n = n + 1; UPDATE b SET n = n - 1; COMMIT");
    ASSERT_EQ(replica().number("SELECT (SELECT n FROM a) + (SELECT n FROM b)"), 0);
  }
  expect_equal_soon("a");
  expect_equal_soon("b");
}

}  // namespace
}  // namespace mailboat::test
