// What is sent and received later, beside what is asked at once, and what is asked again and again.
#include "postgres/connection.hpp"

#include <gtest/gtest.h>

#include "tests/support/cluster.hpp"

namespace mailboat::postgres {
namespace {

class SentStatement : public ::testing::Test {
 protected:
  Connection connection_{test::shared_cluster().create_database(), "test"};
};

TEST_F(SentStatement, IsReceivedWithItsRows) {
  connection_.send("SELECT 1 WHERE pg_sleep(0.01) IS NOT NULL");
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
  connection_.send("SELECT 2");
  EXPECT_EQ(connection_.receive().int64(0, 0), 2);
}

TEST_F(SentStatement, StaysToBeReceivedWhenSomethingElseIsAskedMeanwhile) {
  connection_.send("SELECT 1");
  EXPECT_EQ(connection_.query("SELECT $1::int", {"2"}).int64(0, 0), 2);
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3);
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
}

TEST_F(SentStatement, TellsWhatWasWrongWhenItIsReceived) {
  connection_.send("SELECT 1 / 0");
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3) << "the connection goes on";
  try {
    connection_.receive();
    FAIL() << "it was received";
  } catch (const StatementFailed& error) {
    EXPECT_EQ(error.sqlstate(), "22012");
  }
}

TEST_F(SentStatement, ThatFailedDoesNotKeepItsTransactionFromEnding) {
  {
    Transaction transaction(connection_, Transaction::Kind::RepeatableReadOnly);
    connection_.send("SELECT 1 / 0");
  }
  EXPECT_EQ(connection_.query("SELECT pg_current_xact_id_if_assigned() IS NULL").text(0, 0), "t");
}

TEST_F(SentStatement, EndsWithTheConnection) {
  connection_.send("SELECT pg_terminate_backend(pg_backend_pid())");
  EXPECT_THROW(connection_.receive(), ConnectionLost);
}

class PreparedStatement : public ::testing::Test {
 protected:
  Connection connection_{test::shared_cluster().create_database(), "test"};
};

TEST_F(PreparedStatement, IsPreparedOnceAndAnswersEachTimeAnew) {
  const std::string sql = "SELECT $1::int + 1, $2::text IS NULL";
  for (int i = 0; i < 10; ++i) {
    const auto rows = connection_.query_prepared(sql, {std::to_string(i), std::nullopt});
    EXPECT_EQ(rows.int64(0, 0), i + 1);
    EXPECT_TRUE(rows.boolean(0, 1));
    EXPECT_EQ(connection_.query_prepared("SELECT 'another'", {}).text(0, 0), "another");
  }
  EXPECT_EQ(connection_.query("SELECT count(*) FROM pg_prepared_statements").int64(0, 0), 2);
}

TEST_F(PreparedStatement, MayFailAndWorksWhenItsReasonIsGone) {
  const std::string sql = "SELECT 1 / $1::int FROM item";
  EXPECT_THROW(connection_.query_prepared(sql, {"1"}), StatementFailed) << "there is no such table";
  connection_.query("CREATE TABLE item AS SELECT 1 AS id");
  EXPECT_EQ(connection_.query_prepared(sql, {"1"}).int64(0, 0), 1);
  EXPECT_THROW(connection_.query_prepared(sql, {"0"}), StatementFailed);
  connection_.query("DROP TABLE item; CREATE TABLE item AS SELECT 'x' AS name FROM generate_series(1, 2)");
  EXPECT_EQ(connection_.query_prepared(sql, {"1"}).size(), 2) << "the table is another one";
}

TEST_F(PreparedStatement, LeavesWhatWasSentToBeReceived) {
  connection_.send("SELECT 1");
  EXPECT_EQ(connection_.query_prepared("SELECT 2", {}).int64(0, 0), 2);
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
}

}  // namespace
}  // namespace mailboat::postgres
