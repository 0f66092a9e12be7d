// Topics and columns of a subscription through the real programs. Whatever a replica must not see has
// "secret" in it, and a proxy between producer and consumer looks for that in every message.
#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <gmock/gmock.h>

#include "common/codec.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/message_proxy.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

class Selection : public Pipeline {
 protected:
  void SetUp() override {
    sql("CREATE TABLE users (id int PRIMARY KEY, name text, ssn text, picture text);"
        "CREATE TABLE orders (id int PRIMARY KEY, total numeric);"
        "SELECT outbox.track('users'), outbox.track('orders');"
        "INSERT INTO users SELECT n, 'name ' || n, 'secret ' || n, repeat('secret', 5000) FROM "
        "generate_series(1, 50) n;"
        "INSERT INTO orders SELECT n, n * 1.10 FROM generate_series(1, 50) n");
    subscribe();
  }
  void TearDown() override { EXPECT_EQ(leaks_, 0) << "messages with what the replica must not see"; }

  std::string configure(const std::string& arguments) {
    return value("SELECT outbox.configure_selection('replica', " + arguments + ")");
  }
  std::string only(const std::string& names) {
    return configure("columns => '{\"public.users\": " + names + "}'");
  }
  void start_watched_producer() {
    const auto inner = "ipc://" + (directory_.path() / "inner").string();
    producer = std::make_unique<Process>(
        std::vector<std::string>{program("mailboat-producer"), "--postgres", conninfo, "--listen", inner});
    ASSERT_TRUE(producer->wait_for_output("is listening")) << said();
    proxy_ = std::make_unique<MessageProxy>(endpoint(), inner);
    proxy_->treat(MessageProxy::FromProducerRule([this](const FromProducer& message) {
      ++messages_;
      if (encode(message).find("secret") != std::string::npos) ++leaks_;
      return MessageProxy::Treatment::Pass;
    }));
  }
  // The rows of a table as one text, in both dialects.
  static std::string query(const std::string& columns, const std::string& table,
                           const std::string& aggregate) {
    std::string row = "''";
    for (std::size_t start = 0; start < columns.size();) {
      const auto end = std::min(columns.find(", ", start), columns.size());
      row += " || '|' || coalesce(CAST(" + columns.substr(start, end - start) + " AS text), 'NULL')";
      start = end + 2;
    }
    return "SELECT coalesce(" + aggregate + "(line, ','), '') FROM (SELECT " + row + " AS line FROM " +
           table + " ORDER BY id) lines";
  }
  /// What the source has of these columns, in the order of the key, and what the replica has.
  std::string in_source(const std::string& columns, const std::string& table = "users") {
    return value(query(columns, table, "string_agg"));
  }
  std::string in_replica(const std::string& columns, const std::string& table = "users") {
    return replica().text(query(columns, table, "group_concat"));
  }
  std::string columns_of(const std::string& table) {
    return replica().text("SELECT group_concat(name) FROM pragma_table_info('" + table + "')");
  }
  bool equal_soon(const std::string& columns, const std::string& table = "users") {
    return eventually([&] {
      try {
        return in_source(columns, table) == in_replica(columns, table);
      } catch (const std::exception&) {  // a column or a table has not come yet
        return false;
      }
    });
  }
  void change_users() {
    sql("INSERT INTO users VALUES (1001, 'new', 'secret', repeat('secret', 400000));"
        "UPDATE users SET name = name || '!', ssn = 'secret too' WHERE id % 3 = 0; DELETE FROM users WHERE "
        "id % 7 = 0;"
        "UPDATE users SET id = 2000 WHERE id = 2");
  }

  std::atomic<int> messages_ = 0;
  std::atomic<int> leaks_ = 0;

 private:
  TempDir directory_{"selection"};
  std::unique_ptr<MessageProxy> proxy_;
};

TEST_F(Selection, OnlyColumnsOfTheListComeByLoadAndByEvents) {
  only(R"(["id", "name"])");
  start_watched_producer();
  catch_up();
  EXPECT_EQ(columns_of("users"), "id,name,_version");
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
  change_users();
  catch_up();
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
  EXPECT_EQ(in_replica("id, total", "orders"), in_source("id, total", "orders"));
  EXPECT_GT(messages_, 4);
}

TEST_F(Selection, AColumnThatIsAddedIsNotSent) {
  only(R"(["id", "name"])");
  start_watched_producer();
  start_consumer();
  ASSERT_TRUE(equal_soon("id, name")) << said();
  sql("ALTER TABLE users ADD token text DEFAULT 'secret token'; UPDATE users SET name = 'x' WHERE id = 1");
  ASSERT_TRUE(equal_soon("id, name")) << said();
  EXPECT_EQ(columns_of("users"), "id,name,_version");
}

TEST_F(Selection, AListCanBeMadeWiderAndTheTableIsLoadedInPlace) {
  only(R"(["id"])");
  start_watched_producer();
  start_consumer();
  ASSERT_TRUE(equal_soon("id")) << said();
  EXPECT_EQ(columns_of("users"), "id,_version");
  only(R"(["id", "name"])");
  ASSERT_TRUE(equal_soon("id, name")) << said();
  change_users();
  ASSERT_TRUE(equal_soon("id, name")) << said();
}

TEST_F(Selection, AColumnTakenOffAListStaysAsItWasAndIsNoLongerSent) {
  only(R"(["id", "name", "ssn"])");
  sql("UPDATE users SET ssn = 'harmless'");
  start_watched_producer();
  start_consumer();
  ASSERT_TRUE(equal_soon("id, name, ssn")) << said();
  only(R"(["id", "name"])");
  sql("UPDATE users SET name = 'changed', ssn = 'secret'; INSERT INTO users VALUES (99, 'late', 'secret')");
  ASSERT_TRUE(equal_soon("id, name")) << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM users WHERE ssn = 'harmless'"), 50);
  EXPECT_EQ(replica().number("SELECT count(*) FROM users WHERE ssn IS NULL"), 1);
  sql("UPDATE users SET ssn = 'harmless again'");
  only(R"(["id", "name", "ssn"])");
  ASSERT_TRUE(equal_soon("id, name, ssn")) << said();
}

TEST_F(Selection, ATopicTakenOffStaysAsItWasAndIsLoadedInPlaceWhenItComesBack) {
  start_producer();
  start_consumer();
  ASSERT_TRUE(equal_soon("id, total", "orders")) << said();
  configure("'{public.users}'");
  sql("DELETE FROM orders WHERE id <= 10; UPDATE orders SET total = 0 WHERE id = 20; INSERT INTO orders "
      "VALUES (99, 9);"
      "UPDATE users SET name = 'later' WHERE id = 1");
  ASSERT_TRUE(equal_soon("id, name")) << said();
  EXPECT_EQ(replica().number("SELECT count(*) FROM orders WHERE total <> 0"), 50);
  configure("'{*}'");
  EXPECT_TRUE(equal_soon("id, total", "orders")) << said();
}

TEST_F(Selection, ATopicThatIsNewToASubscriptionIsLoadedByItself) {
  configure("'{public.orders}'");
  start_watched_producer();
  catch_up();
  EXPECT_FALSE(replica().has_table("users"));
  configure("'{public.orders,public.users}', '{\"public.users\": [\"id\", \"name\"]}'");
  catch_up();
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
}

TEST_F(Selection, AnOlderCopyOfTheFileLoadsWhatItHasNotGot) {
  configure("'{public.orders}'");
  start_producer();
  catch_up();
  std::filesystem::copy_file(file(), file("copy"));
  configure("'{*}'");
  catch_up();
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file() + suffix);
  std::filesystem::rename(file("copy"), file());
  catch_up();
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
}

TEST_F(Selection, ARenamedColumnStaysOnTheListAndNoValueOfItIsLost) {
  only(R"(["id", "name"])");
  sql("SELECT outbox.unsubscribe('replica'); SELECT outbox.subscribe('replica', 'earliest')");
  only(R"(["id", "name"])");
  sql("UPDATE users SET name = 'before' WHERE id = 1; ALTER TABLE users RENAME name TO full_name;"
      "UPDATE users SET full_name = 'after' WHERE id = 2; ALTER TABLE users RENAME ssn TO name;"
      "UPDATE users SET full_name = 'last' WHERE id = 3");
  start_watched_producer();
  catch_up();
  EXPECT_EQ(columns_of("users"), "id,full_name,_version");
  EXPECT_EQ(in_replica("id, full_name"), in_source("id, full_name"));
  start_consumer();
  sql("ALTER TABLE users RENAME full_name TO nickname; UPDATE users SET nickname = 'live' WHERE id = 4");
  ASSERT_TRUE(equal_soon("id, nickname")) << said();
}

TEST_F(Selection, ATableMadeAnewUnderTheSameNameGivesOnlyWhatTheListNames) {
  only(R"(["id", "name"])");
  start_watched_producer();
  catch_up();
  sql("DROP TABLE users; CREATE TABLE users (id int PRIMARY KEY, ssn text, name text);"
      "INSERT INTO users VALUES (1, 'secret', 'new'); SELECT outbox.track('users')");
  catch_up();
  EXPECT_EQ(replica().text("SELECT group_concat(id || name) FROM users"), "1new");
}

TEST_F(Selection, AVerificationIsExactAndFindsWhatDiffersAmongTheseColumns) {
  only(R"(["id", "name"])");
  start_watched_producer();
  catch_up();
  start_consumer();
  const auto request = [this] {
    return value("SELECT outbox.request_verify('replica', '{public.users}', repair => true)");
  };
  const auto outcome = [this](const std::string& operation) {
    EXPECT_TRUE(eventually([&] {
      return value("SELECT finished_at IS NOT NULL FROM outbox.operation WHERE id = " + operation) == "t";
    })) << said();
    return value(
        "SELECT concat_ws(' ', status, rows, missing, extra, different, repaired)"
        " FROM outbox.operation_table WHERE operation = " +
        operation);
  };
  EXPECT_EQ(outcome(request()), "completed 50 0 0 0 0");
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000)
      .exec("UPDATE users SET name = 'wrong' WHERE id = 7");
  EXPECT_EQ(outcome(request()), "completed 50 0 0 1 1");
  EXPECT_EQ(in_replica("id, name"), in_source("id, name"));
}

TEST_F(Selection, ARetryOfAnEventFromBeforeARenameWritesAllOfItsRow) {
  only(R"(["id", "name"])");
  sql("SELECT outbox.configure('replica', retry_delay => '1 ms', retry_delay_max => '50 ms', max_attempts => "
      "100000)");
  start_watched_producer();
  catch_up();
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000)
      .exec(
          "CREATE TRIGGER refuse BEFORE UPDATE ON users WHEN new.name = 'refused' BEGIN SELECT RAISE(ABORT, "
          "'no'); END");
  sql("UPDATE users SET name = 'refused' WHERE id = 5");
  start_consumer();
  ASSERT_TRUE(eventually([&] {
    return value("SELECT count(*) FROM outbox.rejection WHERE status = 'retrying'") == "1";
  })) << said();
  sql("ALTER TABLE users RENAME name TO full_name; UPDATE users SET full_name = 'other' WHERE id = 6");
  ASSERT_TRUE(eventually([&] {
    return replica_has("SELECT count(*) FROM users WHERE full_name = 'other'", 1);
  })) << said();
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000).exec("DROP TRIGGER refuse");
  EXPECT_TRUE(eventually([&] { return value("SELECT status FROM outbox.rejection") == "completed"; }))
      << said();
  EXPECT_EQ(in_replica("id, full_name"), in_source("id, full_name"));
}

TEST_F(Selection, AReplayBringsOnlyTheseColumns) {
  only(R"(["id", "name"])");
  sql("UPDATE users SET ssn = 'secret', name = 'logged'");
  start_watched_producer();
  catch_up();
  start_consumer();
  SQLite::Database(file(), SQLite::OPEN_READWRITE, 10'000).exec("DELETE FROM users WHERE id <= 3");
  const auto operation = value("SELECT outbox.request_replay('replica', topic => 'public.users')");
  EXPECT_TRUE(eventually([&] {
    return value("SELECT status FROM outbox.operation WHERE id = " + operation) == "completed";
  })) << said();
  EXPECT_EQ(value("SELECT sent > 50 AND rejected = 0 FROM outbox.replay"), "t");
}

TEST_F(Selection, ChangesUnderLoadLeaveAnEqualReplica) {
  start_producer();
  start_consumer();
  for (int round = 0; round < 15; ++round) {
    only(round % 2 == 0 ? R"(["id", "name"])" : R"(["id", "name", "ssn", "picture"])");
    configure(round % 3 == 0 ? "'{public.users}'" : "'{public.users,public.orders}'");
    sql("UPDATE users SET name = name || '+' WHERE id % 5 = " + std::to_string(round % 5) +
        "; UPDATE orders SET total = total + 1 WHERE id % 5 = " + std::to_string(round % 5));
  }
  configure("'{*}', '{\"public.users\": null}'");
  EXPECT_TRUE(equal_soon("id, name, ssn, picture")) << said();
  EXPECT_TRUE(equal_soon("id, total", "orders")) << said();
}

}  // namespace
}  // namespace mailboat::test
