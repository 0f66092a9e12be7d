#pragma once

#include <functional>
#include <future>

#include "tests/integration/cli_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {

/// A database with the tables a and b, tracked, and the subscription `shop`, whose consumer is connected as
/// far as anybody can tell. The test plays the producer, through the same functions.
class CliOperations : public CliTest {
 protected:
  void SetUp() override {
    done({"migrate"});
    application.query(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (region text, day date, PRIMARY KEY (region, "
        "day))");
    done({"track", "a", "b"});
    done({"subscribe", "shop", "--start", "now"});
    producer.query("SELECT pg_advisory_lock(1835162485, id) FROM outbox.subscription");
  }

  std::string value(const std::string& sql, const postgres::Params& params = {}) {
    return std::string(application.query(sql, params).text(0, 0));
  }

  void consumer_leaves() { producer.query("SELECT pg_advisory_unlock_all()"); }

  /// Runs a command that waits, and meanwhile, once an operation has been asked for, what the producer does.
  Said mailboat_while(std::vector<std::string> arguments, const std::function<void()>& producer_does) {
    auto said = std::async(std::launch::async, [&] { return mailboat(std::move(arguments)); });
    EXPECT_TRUE(eventually([&] {
      return value("SELECT EXISTS (SELECT FROM outbox.operation WHERE status = 'requested')") == "t";
    }));
    producer_does();
    return said.get();
  }

  std::string last_operation() { return value("SELECT max(id) FROM outbox.operation"); }

  void table_stands(const std::string& topic, const std::string& status, int rows, int estimated_rows = 0,
                    const std::string& error = "") {
    application.query(
        "SELECT outbox.record_table('shop', $1::bigint, $2, $3, $4::bigint, $5::bigint, nullif($6, ''))",
        {last_operation(), topic, status, std::to_string(rows), std::to_string(estimated_rows), error});
  }

  struct Found {
    int rows = 0, missing = 0, extra = 0, different = 0, repaired = 0;
    std::string differences = "[]";
    std::string error = {};
  };
  void table_verified(const std::string& topic, const Found& found) {
    application.query(
        "SELECT outbox.record_verification('shop', $1::bigint, $2, '100:100:', $3::bigint, $4::bigint, "
        "$5::bigint, "
        "$6::bigint, $7::bigint, $8::jsonb, $9)",
        {last_operation(), topic, std::to_string(found.rows), std::to_string(found.missing),
         std::to_string(found.extra), std::to_string(found.different), std::to_string(found.repaired),
         found.differences, found.error});
  }

  postgres::Connection producer{conninfo, "producer"};
};

}  // namespace mailboat::test
