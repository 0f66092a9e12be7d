// docs/protocol.md is enough to write a consumer in another language: docs/examples/consumer.py was written
// by it, and follows the real producer here.
#include <algorithm>
#include <cstdlib>
#include <signal.h>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

constexpr auto python = "/usr/bin/python3";  // Debian's, for which its packages are

bool has_packages() {
  try {
    return run({python, "-c", "import google.protobuf, zmq"}).exit_code == 0;
  } catch (const std::exception&) {  // no Python at all
    return false;
  }
}

class ForeignConsumer : public Pipeline {
 protected:
  void SetUp() override {
    if (!has_packages()) GTEST_SKIP() << "python3-protobuf and python3-zmq are not installed";
    const auto compiled = run({"protoc", std::string("--proto_path=") + MAILBOAT_SOURCE_DIR + "/proto",
                               "--python_out=" + generated_.path().string(), "mailboat/v1/feed.proto"});
    ASSERT_EQ(compiled.exit_code, 0) << compiled.errors;
    sql("CREATE TABLE users (id bigint PRIMARY KEY, name text, balance numeric);"
        "INSERT INTO users SELECT n, 'user ' || n, n + 0.50 FROM generate_series(1, 5000) n;"
        "SELECT outbox.track('users')");
    subscribe();
    start_producer();
    follow();
  }

  /// Runs docs/examples/consumer.py, until it is killed.
  void follow() {
    Process::Options options;
    options.environment = {"PYTHONPATH=" + generated_.path().string()};
    consumer = std::make_unique<Process>(
        std::vector<std::string>{python, std::string(MAILBOAT_SOURCE_DIR) + "/docs/examples/consumer.py",
                                 endpoint(), "replica", file()},
        options);
  }

  void expect_all_arrives() { EXPECT_EQ(value("SELECT outbox.wait_for('replica', '60 s')"), "t") << said(); }

  /// Expects the rows of the topic to have these columns as the table has them, digit for digit.
  void expect_rows(const std::string& topic, const std::vector<std::string>& columns) {
    std::string of_source;
    std::string of_replica;
    for (const auto& column : columns) {
      of_source +=
          (of_source.empty() ? "" : " || ' ' || ") + ("coalesce(to_json(" + column + ")::text, 'null')");
      of_replica += (of_replica.empty() ? "" : " || ' ' || ") + ("(row -> '" + column + "')");
    }
    std::vector<std::string> expected;
    const auto source = sql("SELECT " + of_source + " FROM " + topic);
    for (int i = 0; i < source.size(); ++i) expected.emplace_back(source.text(i, 0));
    std::vector<std::string> found;
    for (const auto& row :
         replica().rows("SELECT " + of_replica + " FROM rows WHERE topic = '" + topic + "'")) {
      found.push_back(row.at(0).value_or("null"));
    }
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected) << said();
  }

 private:
  const TempDir generated_{"python"};
};

TEST_F(ForeignConsumer, HasTheRowsOfBeforeAndEveryChange) {
  expect_all_arrives();
  expect_rows("public.users", {"id", "name", "balance"});
  sql("UPDATE users SET balance = balance + 1.25 WHERE id % 3 = 0; DELETE FROM users WHERE id % 7 = 0;"
      "UPDATE users SET id = -id WHERE id % 11 = 0; INSERT INTO users VALUES (9000, NULL, "
      "12345678901234567890.10);"
      "SELECT outbox.publish('sign_up', '{\"user\": 1}')");
  expect_all_arrives();
  expect_rows("public.users", {"id", "name", "balance"});
  EXPECT_EQ(replica().text("SELECT topic || payload FROM event"), "sign_up{\"user\": 1}");
  sql("TRUNCATE users; INSERT INTO users VALUES (1, 'first', 1)");
  expect_all_arrives();
  expect_rows("public.users", {"id", "name", "balance"});
}

TEST_F(ForeignConsumer, FollowsTablesThatChange) {
  expect_all_arrives();
  sql("ALTER TABLE users RENAME COLUMN name TO title");
  sql("ALTER TABLE users ADD COLUMN note text; UPDATE users SET note = 'new' WHERE id < 10");
  expect_all_arrives();
  expect_rows("public.users", {"id", "title", "balance"});
  sql("ALTER TABLE users RENAME TO people");
  sql("BEGIN; ALTER TABLE people DROP CONSTRAINT users_pkey; ALTER TABLE people ADD PRIMARY KEY (title); "
      "COMMIT;"
      "DELETE FROM people WHERE id = 5");
  expect_all_arrives();
  expect_rows("public.people", {"id", "title", "balance"});
  EXPECT_EQ(replica().number("SELECT count(*) FROM rows WHERE topic = 'public.users'"), 0);
}

TEST_F(ForeignConsumer, GoesOnWhereItWasKilled) {
  for (int i = 0; i < 10; ++i) {
    sql("UPDATE users SET balance = balance + 1 WHERE id % 10 = " + std::to_string(i) +
        "; DELETE FROM users WHERE id = " + std::to_string(100 + i));
    consumer->kill(SIGKILL);
    consumer->wait(std::chrono::seconds(30));
    if (i % 4 == 0) {
      stop(producer);
      start_producer();
    }
    follow();
  }
  expect_all_arrives();
  expect_rows("public.users", {"id", "name", "balance"});
}

TEST_F(ForeignConsumer, LoadsInPlaceInANewHistory) {
  expect_all_arrives();
  consumer->kill(SIGKILL);
  consumer->wait(std::chrono::seconds(30));
  sql("SELECT outbox.require_load('replica', 'the source was restored', true);"
      "ALTER TABLE users DISABLE TRIGGER USER; DELETE FROM users WHERE id < 100; UPDATE users SET name = "
      "'restored';"
      "ALTER TABLE users ENABLE TRIGGER USER");
  follow();
  expect_all_arrives();
  expect_rows("public.users", {"id", "name", "balance"});
}

TEST_F(ForeignConsumer, RejectsWhatTheSourceCouldNotDescribe) {
  expect_all_arrives();
  sql("ALTER TABLE users DROP CONSTRAINT users_pkey");
  sql("UPDATE users SET name = 'unseen' WHERE id = 5");
  sql("ALTER TABLE users ADD PRIMARY KEY (id)");
  EXPECT_TRUE(eventually([&] { return value("SELECT count(*) FROM outbox.rejection") != "0"; })) << said();
  expect_all_arrives();
  EXPECT_TRUE(eventually([&] { return replica_has("SELECT count(*) FROM rejection", 0); })) << said();
  expect_rows("public.users", {"id", "name", "balance"});
}

TEST_F(ForeignConsumer, MayDeclineToVerify) {
  expect_all_arrives();
  sql("SELECT outbox.request_verify('replica')");
  EXPECT_TRUE(eventually([&] { return value("SELECT status FROM outbox.operation") == "failed"; }))
      << value("SELECT status FROM outbox.operation") << said();
}

}  // namespace
}  // namespace mailboat::test
